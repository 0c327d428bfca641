package io.baton.transport.payload;

import java.util.concurrent.atomic.LongAdder;

/** Counts payloads by the way in which they go. Any thread may count. */
final class TrafficCounter {

  private final LongAdder shared = new LongAdder();
  private final LongAdder sharedBytes = new LongAdder();
  private final LongAdder framed = new LongAdder();
  private final LongAdder framedBytes = new LongAdder();

  void countShared(long bytes) {
    count(shared, sharedBytes, bytes, 1);
  }

  void countFramed(long bytes) {
    count(framed, framedBytes, bytes, 1);
  }

  /** It has been counted, and does not go after all. */
  void takeBackShared(long bytes) {
    count(shared, sharedBytes, bytes, -1);
  }

  void takeBackFramed(long bytes) {
    count(framed, framedBytes, bytes, -1);
  }

  private static void count(LongAdder payloads, LongAdder allBytes, long bytes, int sign) {
    if (bytes > 0) {
      payloads.add(sign);
      allBytes.add(sign * bytes);
    }
  }

  PayloadTraffic snapshot() {
    return new PayloadTraffic(shared.sum(), sharedBytes.sum(), framed.sum(), framedBytes.sum());
  }
}
