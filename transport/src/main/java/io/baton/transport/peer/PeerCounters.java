package io.baton.transport.peer;

import io.baton.session.model.StageRole;
import java.util.concurrent.atomic.LongAdder;

/** Counts what one link does. Any thread may count. */
final class PeerCounters {

  final LongAdder lost = new LongAdder();
  final LongAdder offered = new LongAdder();
  final LongAdder taken = new LongAdder();
  final LongAdder chunkBytes = new LongAdder();
  final LongAdder welcomes = new LongAdder();
  private final LongAdder sent = new LongAdder();
  private final LongAdder shed = new LongAdder();
  private final LongAdder standbySent = new LongAdder();
  private final LongAdder standbyShed = new LongAdder();
  private final LongAdder bytes = new LongAdder();
  private final LongAdder shared = new LongAdder();
  private final LongAdder sharedBytes = new LongAdder();

  /** A push whose bytes stay where they are. */
  void countShared(long payloadBytes) {
    shared.increment();
    sharedBytes.add(payloadBytes);
  }

  void countPush(StageRole receiver, boolean accepted, long payloadBytes) {
    switch (receiver) {
      case ACTIVE -> (accepted ? sent : shed).increment();
      case STANDBY -> (accepted ? standbySent : standbyShed).increment();
    }
    if (accepted) {
      bytes.add(payloadBytes);
    }
  }

  PeerStats snapshot() {
    return new PeerStats(
        new PeerStats.Pushes(
            sent.sum(),
            shed.sum(),
            standbySent.sum(),
            standbyShed.sum(),
            lost.sum(),
            bytes.sum(),
            shared.sum(),
            sharedBytes.sum()),
        new PeerStats.Chunks(offered.sum(), taken.sum(), chunkBytes.sum()),
        Math.max(0, welcomes.sum() - 1));
  }
}
