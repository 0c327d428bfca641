package io.baton.benchmarks;

import io.baton.benchmarks.node.Workload;
import io.baton.transport.LaneKind;
import java.time.Duration;

/**
 * What to measure, and how.
 *
 * @param lane by which bodies go from one relay to the next
 * @param apart whether relay and stage are processes of their own; of a hop alone
 * @param relays between the sender and the reader; of a sidecar alone
 * @param beside bytes of a body that is always on its way besides, or 0; of pushes alone
 * @param transports that UCX may use, as it names them
 * @param rounds of which each figure is the median
 * @param round how long each contender sends in a round
 * @param warmUp how long it does before the first
 * @param patience how long to wait for a quiet machine before each
 */
public record BenchPlan(
    BenchKind kind,
    LaneKind lane,
    boolean apart,
    int relays,
    long beside,
    Workload workload,
    String transports,
    int rounds,
    Duration round,
    Duration warmUp,
    Duration patience) {

  /** Relays, or what stands in their places, between the two whose messages are measured. */
  int between() {
    return switch (kind) {
      case HOP -> apart ? 2 : 0;
      case SIDECAR -> relays;
      case RELAYS, PUSHES -> 0;
    };
  }

  /** Whether all of a host share the memory in which bodies lie. */
  boolean sharesMemory() {
    return lane == LaneKind.LOCAL;
  }

  /** Of a pool that has room for all that is under way, and for what is kept of it. */
  long poolBytes() {
    return Math.max(64L << 20, 8L * workload.inFlight() * workload.bytes()) + 3 * beside;
  }
}
