package io.baton.session.exchange;

import java.time.Duration;

/**
 * Bounds of one datum at one relay.
 *
 * @param chunks that may be known at a time
 * @param waiting requests to receive that may wait at a time
 * @param memory how long it is remembered, after the last word about it, that its chunks are gone
 */
public record DataLimits(int chunks, int waiting, Duration memory) {

  public static final DataLimits DEFAULT = new DataLimits(65_536, 1024, Duration.ofMinutes(2));

  /**
   * @throws IllegalArgumentException unless all are positive
   */
  public DataLimits {
    if (chunks < 1 || waiting < 1 || !memory.isPositive()) {
      throw new IllegalArgumentException(
          "%d chunks, %d waiting, remembered for %s".formatted(chunks, waiting, memory));
    }
  }
}
