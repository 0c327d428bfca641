package io.baton.session.exchange;

import io.baton.session.Transition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Lets the members of a sending group, each of whom has the whole tensor, write it together: member
 * by member a part each, or the lowest rank all of it. What a member that is gone has not written
 * is written by the lowest rank that has joined, so that the chunk is complete as long as one
 * member lives to the end.
 */
public final class GatherMachine {

  private GatherMachine() {}

  /** What becomes of it with that input. */
  public static Transition<GatherState, GatherEffect> step(GatherState state, GatherInput input) {
    if (state.over()) {
      return new Transition<>(state, List.of());
    }
    Scratch scratch = new Scratch(state);
    switch (input) {
      case GatherInput.Join(int rank) -> {
        scratch.members.add(rank);
        scratch.joined.add(rank);
      }
      case GatherInput.Written(int rank, int part) -> {
        if (Integer.valueOf(rank).equals(scratch.asked.get(part))) {
          scratch.written.add(part);
        }
      }
      case GatherInput.MemberGone(int rank) -> {
        scratch.members.remove(rank);
        scratch.joined.remove(rank);
        scratch.asked.entrySet().removeIf(part -> part.getValue() == rank);
      }
      case GatherInput.Expire _ -> {
        return scratch.abandon(
            Failure.Reason.DEADLINE_EXCEEDED,
            "%d of %d parts were written in time%s"
                .formatted(scratch.written.size(), state.parts(), scratch.missing()));
      }
    }
    return scratch.finish();
  }

  /** Where a part of so many bytes begins; the first parts are larger by a byte if need be. */
  public static long partStart(long bytes, int parts, int part) {
    return bytes / parts * part + Math.min(part, bytes % parts);
  }

  private static final class Scratch {

    private final int parts;
    private final List<Integer> owners;
    private final SortedSet<Integer> members;
    private final SortedSet<Integer> joined;
    private final Map<Integer, Integer> asked;
    private final SortedSet<Integer> written;
    private final List<GatherEffect> effects = new ArrayList<>();

    Scratch(GatherState state) {
      this.parts = state.parts();
      this.owners = state.owners();
      this.members = new TreeSet<>(state.members());
      this.joined = new TreeSet<>(state.joined());
      this.asked = new HashMap<>(state.asked());
      this.written = new TreeSet<>(state.written());
    }

    Transition<GatherState, GatherEffect> finish() {
      if (members.isEmpty()) {
        return abandon(Failure.Reason.CANCELLED, "no member of the sending group is left");
      }
      if (written.size() == parts) {
        effects.add(new GatherEffect.Complete());
        return transition(true);
      }
      for (int part = 0; part < parts; part++) {
        if (asked.containsKey(part) || written.contains(part)) {
          continue;
        }
        int rank = writer(part);
        if (joined.contains(rank)) {
          asked.put(part, rank);
          effects.add(new GatherEffect.AskPart(rank, part));
        }
      }
      return transition(false);
    }

    /** For a person: who never came. */
    String missing() {
      SortedSet<Integer> missing = new TreeSet<>(members);
      missing.removeAll(joined);
      return missing.isEmpty()
          ? ""
          : ": of the members %s, %s did not send the chunk".formatted(members, missing);
    }

    /** A part's owner; of one without an owner, or whose owner is gone, the lowest rank. */
    private int writer(int part) {
      if (owners.isEmpty()) {
        return members.first();
      }
      int owner = owners.get(part);
      return members.contains(owner) || joined.isEmpty() ? owner : joined.first();
    }

    Transition<GatherState, GatherEffect> abandon(Failure.Reason reason, String message) {
      effects.add(new GatherEffect.Abandon(new Failure(reason, message)));
      return transition(true);
    }

    private Transition<GatherState, GatherEffect> transition(boolean over) {
      return new Transition<>(
          new GatherState(members, joined, asked, written, owners, over), effects);
    }
  }
}
