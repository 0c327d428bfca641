package io.baton.relay;

import io.baton.session.stage.DropReason;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** What a relay has seen since it started. Any thread may count. */
final class RelayCounters {

  private static final int EVIDENCE_KEPT = 256;

  final LongAdder steps = new LongAdder();
  final LongAdder pushesUsed = new LongAdder();
  final LongAdder pushesSent = new LongAdder();
  final LongAdder pushesShed = new LongAdder();
  private final Map<DropReason, LongAdder> dropped = new EnumMap<>(DropReason.class);
  private final Deque<Evidence> evidence = new ArrayDeque<>();

  RelayCounters() {
    for (DropReason reason : DropReason.values()) {
      dropped.put(reason, new LongAdder());
    }
  }

  void drop(DropReason reason) {
    LongAdder counter = dropped.get(reason);
    if (counter != null) {
      counter.increment();
    }
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

  Map<DropReason, Long> dropped() {
    Map<DropReason, Long> counts = new EnumMap<>(DropReason.class);
    dropped.forEach(
        (reason, counter) -> {
          if (counter.sum() > 0) {
            counts.put(reason, counter.sum());
          }
        });
    return counts;
  }
}
