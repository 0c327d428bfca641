package io.baton.benchmarks.soak;

import io.baton.transport.LaneKind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What has been done so far, by all threads. */
final class Tally {

  private static final Logger log = LoggerFactory.getLogger(Tally.class);

  private static final int FAILURES_KEPT = 20;

  private final LongAdder messages = new LongAdder();
  private final LongAdder bytes = new LongAdder();
  private final LongAdder excused = new LongAdder();
  private final LongAdder severed = new LongAdder();
  private final LongAdder restarts = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final Map<Act, LongAdder> acts = new EnumMap<>(Act.class);
  private final Map<LaneKind, LongAdder> byLane = new EnumMap<>(LaneKind.class);
  private final List<String> failures = Collections.synchronizedList(new ArrayList<>());

  Tally() {
    for (Act act : Act.values()) {
      acts.put(act, new LongAdder());
    }
    for (LaneKind lane : LaneKind.values()) {
      byLane.put(lane, new LongAdder());
    }
  }

  /** A chunk was received, and was right. */
  void received(LaneKind lane, long size) {
    messages.increment();
    bytes.add(size);
    count(byLane, lane);
  }

  /** It was done from its beginning to its end. */
  void done(Act act) {
    count(acts, act);
  }

  private static <K> void count(Map<K, LongAdder> counts, K key) {
    LongAdder count = counts.get(key);
    if (count != null) {
      count.increment();
    }
  }

  /** It came to nothing, because of a relay or a link that was lost. */
  void excused() {
    excused.increment();
  }

  void severed() {
    severed.increment();
  }

  void restarted() {
    restarts.increment();
  }

  /** It should not have come to nothing. */
  void failed(String what, Throwable why) {
    failed.increment();
    log.warn("{} failed", what, why);
    if (failures.size() < FAILURES_KEPT) {
      failures.add(what + ": " + why);
    }
  }

  long messages() {
    return messages.sum();
  }

  long troubles() {
    return severed.sum() + restarts.sum();
  }

  long failures() {
    return failed.sum();
  }

  /** The first of them. */
  List<String> firstFailures() {
    return List.copyOf(failures);
  }

  /** How often each was done. */
  Map<Act, Long> acts() {
    Map<Act, Long> counts = new EnumMap<>(Act.class);
    acts.forEach((act, count) -> counts.put(act, count.sum()));
    return counts;
  }

  @Override
  public String toString() {
    return "%,d chunks of %,d MiB (%s), %d acts cut short by %d broken links and %d restarts, %d failures%nacts: %s"
        .formatted(
            messages.sum(),
            bytes.sum() >> 20,
            byLane,
            excused.sum(),
            severed.sum(),
            restarts.sum(),
            failed.sum(),
            acts);
  }
}
