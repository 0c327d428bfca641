package io.baton.relay;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** What a relay has seen since it started. Any thread may count. */
final class RelayCounters {

  private static final int EVIDENCE_KEPT = 256;

  final LongAdder steps = new LongAdder();
  final LongAdder pushesUsed = new LongAdder();
  final LongAdder pushesSent = new LongAdder();
  final LongAdder pushesShed = new LongAdder();

  /** Bounded by the constants of the reasons' enumerations. */
  private final Map<String, LongAdder> dropped = new ConcurrentHashMap<>();

  private final Deque<Evidence> evidence = new ArrayDeque<>();

  /** Counts a push that was not used, by the protocol's reasons or by the lane's. */
  void drop(Enum<?> reason) {
    dropped
        .computeIfAbsent(reason.name().toLowerCase(Locale.ROOT), _ -> new LongAdder())
        .increment();
  }

  /** Keeps the latest pieces of evidence. */
  void keep(Evidence piece) {
    synchronized (evidence) {
      if (evidence.size() == EVIDENCE_KEPT) {
        evidence.removeFirst();
      }
      evidence.addLast(piece);
    }
  }

  List<Evidence> evidence() {
    synchronized (evidence) {
      return List.copyOf(evidence);
    }
  }

  Map<String, Long> dropped() {
    Map<String, Long> counts = new TreeMap<>();
    dropped.forEach((reason, counter) -> counts.put(reason, counter.sum()));
    return counts;
  }
}
