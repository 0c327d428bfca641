package io.baton.relay.exchange;

import io.baton.session.Transition;
import io.baton.session.exchange.ChunkHeader;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.GatherEffect;
import io.baton.session.exchange.GatherInput;
import io.baton.session.exchange.GatherMachine;
import io.baton.session.exchange.GatherState;
import io.baton.transport.Deadlines;
import io.baton.transport.TimerWheel.Timer;
import io.baton.transport.pinned.Slot;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Chunks that the members of a sending group write together: feeds the {@link GatherMachine} of
 * each and carries out the effects. To be used in the loop alone.
 */
final class Gatherings {

  /** More than this are refused. */
  private static final int MAX_GATHERINGS = 1 << 14;

  /** How long after a chunk's deadline members are waited for that it was sent without. */
  private static final Duration LATE = Duration.ofMinutes(2);

  /** A member that waits for its part, and then for the end. */
  interface Participant {
    void write(int part, Slot slot, long from, long to);

    void finish(Optional<Failure> failure);

    /** Runs the task when no part is being written any more; at once if none is. */
    void whenQuiet(Runnable task);
  }

  /** Sends what is complete; the slot's reference goes with it. */
  interface Sender {
    void send(ChunkHeader header, Slot slot, long deadlineNanos, ResultTaker result);
  }

  /** Is told, once, what came of a sending. */
  interface ResultTaker {
    void accept(Optional<Failure> failure);
  }

  private record Key(String group, String dataId, int index) {}

  /**
   * A chunk that is sent.
   *
   * @param late ranks of the members that have not had it at hand yet
   */
  private record Finished(SortedSet<Integer> late, Timer forgotten) {}

  private static final class Gathering {
    final Key key;
    final ChunkHeader header;
    final SortedSet<Integer> members;
    final long deadlineNanos;
    final SortedMap<Integer, Participant> participants = new TreeMap<>();
    final GatherState initial;
    GatherState state;
    @Nullable Slot slot;
    RoomQueue.@Nullable Request request;
    @Nullable Timer due;
    boolean handedOver;

    Gathering(
        Key key,
        ChunkHeader header,
        SortedSet<Integer> members,
        long deadlineNanos,
        GatherState initial) {
      this.key = key;
      this.header = header;
      this.members = members;
      this.deadlineNanos = deadlineNanos;
      this.initial = initial;
      this.state = initial;
    }
  }

  private final RoomQueue room;
  private final Deadlines deadlines;
  private final Consumer<Slot> releaser;
  private final Sender sender;
  private final Map<Key, Gathering> open = new HashMap<>();
  private final Map<Key, Finished> finished = new HashMap<>();

  Gatherings(RoomQueue room, Deadlines deadlines, Consumer<Slot> releaser, Sender sender) {
    this.room = room;
    this.deadlines = deadlines;
    this.releaser = releaser;
    this.sender = sender;
  }

  /**
   * A member has the chunk at hand.
   *
   * @param members ranks of all members of the group
   * @param living those of them that are registered
   */
  void join(
      String group,
      int rank,
      SortedSet<Integer> members,
      SortedSet<Integer> living,
      boolean sharded,
      long slotBytes,
      ChunkHeader header,
      long deadlineNanos,
      Participant participant) {
    Key key = new Key(group, header.dataId(), header.index());
    if (isLate(key, rank)) {
      participant.finish(Optional.empty());
      return;
    }
    Gathering gathering = open.get(key);
    if (gathering == null) {
      if (open.size() >= MAX_GATHERINGS) {
        participant.finish(
            failure(
                Failure.Reason.RESOURCE_EXHAUSTED,
                "%d chunks are being written by groups already".formatted(open.size())));
        return;
      }
      gathering =
          new Gathering(key, header, members, deadlineNanos, GatherState.initial(living, sharded));
      open.put(key, gathering);
      Gathering begun = gathering;
      guarded(begun, () -> begin(begun, slotBytes, participant, rank));
      return;
    }
    if (!gathering.header.equals(header)) {
      participant.finish(
          failure(
              Failure.Reason.INVALID_ARGUMENT,
              "chunk %d of %s is another for the members of %s that came before"
                  .formatted(header.index(), header.dataId(), group)));
      return;
    }
    if (gathering.participants.putIfAbsent(rank, participant) != null) {
      participant.finish(
          failure(
              Failure.Reason.CONFLICT,
              "rank %d of %s sends chunk %d of %s already"
                  .formatted(rank, group, header.index(), header.dataId())));
      return;
    }
    if (gathering.slot != null) {
      feed(gathering, new GatherInput.Join(rank));
    }
  }

  /** A member has written a part. */
  void written(String group, String dataId, int index, int rank, int part) {
    Gathering gathering = open.get(new Key(group, dataId, index));
    if (gathering != null && gathering.slot != null) {
      feed(gathering, new GatherInput.Written(rank, part));
    }
  }

  /** A member is gone. */
  void memberGone(String group, int rank) {
    for (Gathering gathering : List.copyOf(open.values())) {
      if (gathering.key.group().equals(group)) {
        gathering.participants.remove(rank);
        feed(gathering, new GatherInput.MemberGone(rank));
      }
    }
  }

  /** A member no longer wants a chunk to be sent, and writes nothing of it any more. */
  void withdraw(String group, String dataId, int index, int rank) {
    Gathering gathering = open.get(new Key(group, dataId, index));
    if (gathering != null && gathering.participants.remove(rank) != null) {
      feed(gathering, new GatherInput.MemberGone(rank));
    }
  }

  /** The others have sent it, perhaps long before this member came to it. */
  private boolean isLate(Key key, int rank) {
    Finished sent = finished.get(key);
    if (sent == null || !sent.late.remove(rank)) {
      return false;
    }
    if (sent.late.isEmpty()) {
      finished.remove(key);
      deadlines.cancel(sent.forgotten);
    }
    return true;
  }

  private void rememberFor(Gathering gathering) {
    SortedSet<Integer> late = new TreeSet<>(gathering.members);
    late.removeAll(gathering.participants.keySet());
    if (late.isEmpty() || finished.size() >= MAX_GATHERINGS) {
      return;
    }
    Key key = gathering.key;
    Timer forgotten =
        deadlines.at(gathering.deadlineNanos + LATE.toNanos(), () -> finished.remove(key));
    Finished before = finished.put(key, new Finished(late, forgotten));
    if (before != null) {
      deadlines.cancel(before.forgotten);
    }
  }

  void close() {
    for (Gathering gathering : List.copyOf(open.values())) {
      end(gathering, failure(Failure.Reason.CANCELLED, "the relay stops"));
    }
    finished.clear();
  }

  private void begin(Gathering gathering, long slotBytes, Participant first, int rank) {
    gathering.participants.put(rank, first);
    gathering.due =
        deadlines.at(gathering.deadlineNanos, () -> guarded(gathering, () -> expire(gathering)));
    RoomQueue.Outcome outcome =
        room.ask(
            gathering.header.content().bytes(),
            slotBytes,
            Exchange.holder(gathering.header.destinations()),
            slot -> {
              gathering.slot = slot;
              gathering.request = null;
              for (int joined : List.copyOf(gathering.participants.keySet())) {
                feed(gathering, new GatherInput.Join(joined));
              }
            });
    switch (outcome) {
      case RoomQueue.Outcome.Served() -> {}
      case RoomQueue.Outcome.Waits(var request) -> gathering.request = request;
      case RoomQueue.Outcome.Refused(Failure failure) -> end(gathering, Optional.of(failure));
    }
  }

  private void expire(Gathering gathering) {
    if (gathering.slot == null) {
      end(
          gathering,
          failure(
              Failure.Reason.RESOURCE_EXHAUSTED,
              "no room for %d bytes for %s in time: %s"
                  .formatted(
                      gathering.header.content().bytes(),
                      Exchange.holder(gathering.header.destinations()),
                      room.occupancy())));
    } else {
      feed(gathering, new GatherInput.Expire());
    }
  }

  private void feed(Gathering gathering, GatherInput input) {
    guarded(gathering, () -> step(gathering, input));
  }

  /** A bug in the middle of what there is to do ends the chunk, alone, and its members are told. */
  private void guarded(Gathering gathering, Runnable task) {
    Bugs.contain(
        gathering.key,
        task,
        bug ->
            end(
                gathering,
                failure(
                    Failure.Reason.UNAVAILABLE,
                    "chunk %d of %s: an error in the relay: %s"
                        .formatted(gathering.header.index(), gathering.header.dataId(), bug))));
  }

  private void step(Gathering gathering, GatherInput input) {
    Transition<GatherState, GatherEffect> next = GatherMachine.step(gathering.state, input);
    gathering.state = next.state();
    for (GatherEffect effect : next.effects()) {
      switch (effect) {
        case GatherEffect.AskPart(int rank, int part) -> ask(gathering, rank, part);
        case GatherEffect.Complete() -> complete(gathering);
        case GatherEffect.Abandon(Failure failure) -> end(gathering, Optional.of(failure));
      }
    }
  }

  private static void ask(Gathering gathering, int rank, int part) {
    Participant participant = gathering.participants.get(rank);
    Slot slot = gathering.slot;
    if (participant != null && slot != null) {
      long bytes = gathering.header.content().bytes();
      int parts = gathering.initial.parts();
      participant.write(
          part,
          slot,
          GatherMachine.partStart(bytes, parts, part),
          GatherMachine.partStart(bytes, parts, part + 1));
    }
  }

  private void complete(Gathering gathering) {
    Slot slot = gathering.slot;
    if (slot == null) {
      return;
    }
    gathering.handedOver = true;
    sender.send(
        gathering.header, slot, gathering.deadlineNanos, failure -> end(gathering, failure));
  }

  private void end(Gathering gathering, Optional<Failure> failure) {
    if (!open.remove(gathering.key, gathering)) {
      return;
    }
    if (gathering.due != null) {
      deadlines.cancel(gathering.due);
    }
    if (gathering.request != null) {
      room.withdraw(gathering.request);
    }
    Slot slot = gathering.slot;
    if (slot != null && !gathering.handedOver) {
      Bugs.contain(gathering.key, () -> releaseWhenQuiet(slot, gathering.participants.values()));
    }
    if (failure.isEmpty()) {
      rememberFor(gathering);
    }
    for (Participant participant : List.copyOf(gathering.participants.values())) {
      Bugs.contain(gathering.key, () -> participant.finish(failure));
    }
  }

  /** Nobody else gets the memory while a member may still write a part into it. */
  private void releaseWhenQuiet(Slot slot, Collection<Participant> participants) {
    if (participants.isEmpty()) {
      releaser.accept(slot);
      return;
    }
    int[] left = {participants.size()};
    for (Participant participant : List.copyOf(participants)) {
      participant.whenQuiet(
          () -> {
            left[0]--;
            if (left[0] == 0) {
              releaser.accept(slot);
            }
          });
    }
  }

  private static Optional<Failure> failure(Failure.Reason reason, String message) {
    return Optional.of(new Failure(reason, message));
  }
}
