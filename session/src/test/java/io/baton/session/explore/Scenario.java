package io.baton.session.explore;

import io.baton.session.model.LayerSpan;
import io.baton.session.route.RouteConfig;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * A small world to explore.
 *
 * @param relays the span that each relay serves, in the order in which they are preferred
 * @param script what the application submits, one after the other
 * @param standby whether spare relays stand by
 * @param pushesInOrder whether the pushes between two relays keep their order
 * @param faults how many of each kind may happen on one path
 */
record Scenario(
    List<LayerSpan> relays,
    List<Submission> script,
    boolean push,
    boolean standby,
    RouteConfig.Confirm confirm,
    boolean pushesInOrder,
    Map<Fault, Integer> faults) {

  record Submission(int position, List<Long> rows) {}

  enum Fault {
    LOSE_PUSH,
    DUPLICATE_PUSH,
    CORRUPT_PUSH,
    /** Another push comes along, of a step that the client knows nothing of. */
    FORGE_PUSH,
    /** A message between client and relay vanishes. */
    LOSE_MESSAGE,
    /** A message between client and relay overtakes the one before it. */
    REORDER_MESSAGE,
    /** The relay stops for good, and the client is told. */
    CRASH,
    /** The relay stops for good, and nobody is told. */
    VANISH,
    /** The relay stops and is back at once, without its memory. */
    RESTART,
    /** The connection between client and relay breaks; the relay keeps its memory. */
    DISCONNECT,
    /** A timer fires although something else could happen. */
    EARLY_TIMER,
    FAIL_COMPUTE,
    /** A relay says that its executor is at work. */
    WORKING,
    /** The executor hangs, and its relay has noticed: it gives up its session, and takes none. */
    HANG,
    /** A relay starts to drain. */
    DRAIN
  }

  /** A chain of stages of one layer each, with pushes, and a script of single tokens. */
  static Scenario chain(int stages, int steps) {
    List<LayerSpan> spans = new ArrayList<>();
    for (int i = 0; i < stages; i++) {
      spans.add(new LayerSpan(i, i + 1));
    }
    List<Submission> script = new ArrayList<>();
    for (int i = 0; i < steps; i++) {
      script.add(new Submission(i, List.of(100L + i)));
    }
    return new Scenario(spans, script, true, false, RouteConfig.Confirm.DIGEST, false, Map.of());
  }

  int layers() {
    return relays.stream().mapToInt(LayerSpan::end).max().orElseThrow();
  }

  int maxLength() {
    return 16;
  }

  boolean isFaultFree() {
    return faults.isEmpty();
  }

  /** Whether a push is always there before the client's payload. */
  boolean isPushPrompt() {
    return push && confirm == RouteConfig.Confirm.DIGEST;
  }

  boolean allows(Fault fault) {
    return faults.containsKey(fault);
  }

  boolean rewinds() {
    int length = 0;
    for (Submission submission : script) {
      if (submission.position() < length) {
        return true;
      }
      length = submission.position() + submission.rows().size();
    }
    return false;
  }

  Scenario withSpare(int first, int end) {
    List<LayerSpan> more = new ArrayList<>(relays);
    more.add(new LayerSpan(first, end));
    return new Scenario(more, script, push, standby, confirm, pushesInOrder, faults);
  }

  /** Replaces the script: each submission at its position. */
  Scenario submitting(Submission... submissions) {
    return new Scenario(
        relays, List.of(submissions), push, standby, confirm, pushesInOrder, faults);
  }

  static Submission at(int position, Long... rows) {
    return new Submission(position, List.of(rows));
  }

  Scenario withStandbys() {
    return new Scenario(relays, script, push, true, confirm, pushesInOrder, faults);
  }

  Scenario withoutPush() {
    return new Scenario(relays, script, false, standby, confirm, pushesInOrder, faults);
  }

  Scenario confirmingInFull() {
    return new Scenario(
        relays, script, push, standby, RouteConfig.Confirm.FULL, pushesInOrder, faults);
  }

  Scenario withPushesInOrder() {
    return new Scenario(relays, script, push, standby, confirm, true, faults);
  }

  Scenario with(Fault fault, int times) {
    Map<Fault, Integer> more = new EnumMap<>(Fault.class);
    more.putAll(faults);
    more.put(fault, times);
    return new Scenario(relays, script, push, standby, confirm, pushesInOrder, more);
  }
}
