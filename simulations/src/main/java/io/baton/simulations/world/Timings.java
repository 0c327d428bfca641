package io.baton.simulations.world;

/**
 * Delays that are no link's.
 *
 * @param noticeNanos until both ends notice that nothing gets through a stream any more; 0 for
 *     never
 * @param repeatNanos until a stream repeats what a link has lost, beyond a round trip
 * @param discoveryNanos until the directory answers
 */
public record Timings(long noticeNanos, long repeatNanos, long discoveryNanos) {

  public static final Timings DEFAULT = new Timings(2_000_000_000L, 20_000_000L, 5_000_000L);
}
