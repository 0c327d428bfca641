package io.baton.relay;

import io.baton.relay.status.Words;
import io.baton.session.model.Source;
import io.baton.session.model.StageRole;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** What a relay has seen since it started. Any thread may count. */
final class RelayCounters {

  private static final int EVIDENCE_KEPT = 256;

  final LongAdder steps = new LongAdder();
  final LongAdder pushesUsed = new LongAdder();
  final Pushes pushes = new Pushes();
  final Pushes standbyPushes = new Pushes();

  /** Pushes to the active stages, or to those that stand by. */
  static final class Pushes {
    final LongAdder sent = new LongAdder();
    final LongAdder shed = new LongAdder();
  }

  /** Bounded by the constants of the reasons' enumerations. */
  private final Map<String, LongAdder> dropped = new ConcurrentHashMap<>();

  private final Deque<Evidence> evidence = new ArrayDeque<>();

  /** Counts a step that was answered. */
  void step(Source source) {
    steps.increment();
    if (source == Source.PEER) {
      pushesUsed.increment();
    }
  }

  /** Counts a push to a relay of that role, which was handed to a lane or shed. */
  void push(StageRole receiver, boolean wasSent) {
    Pushes counted =
        switch (receiver) {
          case ACTIVE -> pushes;
          case STANDBY -> standbyPushes;
        };
    (wasSent ? counted.sent : counted.shed).increment();
  }

  /** Counts a push that was not used, by the protocol's reasons or by the lane's. */
  void drop(Enum<?> reason) {
    dropped.computeIfAbsent(Words.of(reason), _ -> new LongAdder()).increment();
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
