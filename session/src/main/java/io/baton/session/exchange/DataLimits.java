package io.baton.session.exchange;

/**
 * Bounds of one datum at one relay.
 *
 * @param chunks that may be known at a time
 * @param waiting requests to receive that may wait at a time
 * @param memoryNanos how long it is remembered, after the last word about it, that its chunks are
 *     gone
 */
public record DataLimits(int chunks, int waiting, long memoryNanos) {

  private static final long TWO_MINUTES_NANOS = 120_000_000_000L;

  public static final DataLimits DEFAULT = new DataLimits(65_536, 1024, TWO_MINUTES_NANOS);

  /**
   * @throws IllegalArgumentException unless all are positive
   */
  public DataLimits {
    if (chunks < 1 || waiting < 1 || memoryNanos < 1) {
      throw new IllegalArgumentException(
          "%d chunks, %d waiting, remembered for %d ns".formatted(chunks, waiting, memoryNanos));
    }
  }
}
