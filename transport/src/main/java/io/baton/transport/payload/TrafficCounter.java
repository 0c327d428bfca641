package io.baton.transport.payload;

import io.baton.transport.LaneKind;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Counts payloads by the way in which they go. Any thread may count. */
public final class TrafficCounter {

  private record Way(LongAdder payloads, LongAdder bytes) {

    PayloadTraffic.Way snapshot() {
      return new PayloadTraffic.Way(payloads.sum(), bytes.sum());
    }
  }

  private final Map<LaneKind, Way> ways = new EnumMap<>(LaneKind.class);

  public TrafficCounter() {
    for (LaneKind kind : LaneKind.values()) {
      ways.put(kind, new Way(new LongAdder(), new LongAdder()));
    }
  }

  public void count(LaneKind by, long bytes) {
    add(way(by), bytes, 1);
  }

  /** It has been counted, and does not go after all. */
  public void takeBack(LaneKind by, long bytes) {
    add(way(by), bytes, -1);
  }

  public PayloadTraffic snapshot() {
    return new PayloadTraffic(
        way(LaneKind.LOCAL).snapshot(),
        way(LaneKind.UCX).snapshot(),
        way(LaneKind.GRPC).snapshot());
  }

  private Way way(LaneKind by) {
    Way way = ways.get(by);
    if (way == null) {
      throw new IllegalArgumentException(by.toString());
    }
    return way;
  }

  private static void add(Way way, long bytes, int sign) {
    if (bytes > 0) {
      way.payloads().add(sign);
      way.bytes().add(sign * bytes);
    }
  }
}
