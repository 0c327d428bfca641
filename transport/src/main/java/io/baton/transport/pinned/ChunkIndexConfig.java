package io.baton.transport.pinned;

import java.time.Duration;

/**
 * How long and how much an index keeps.
 *
 * @param historyBytes of chunks that everybody is done with
 * @param unclaimedFor after which a chunk that nobody asked for is let go
 * @param historyFor after which a chunk that everybody is done with is let go
 */
public record ChunkIndexConfig(long historyBytes, Duration unclaimedFor, Duration historyFor) {

  public static final Duration DEFAULT_UNCLAIMED_FOR = Duration.ofMinutes(2);
  public static final Duration DEFAULT_HISTORY_FOR = Duration.ofMinutes(10);

  /**
   * @throws IllegalArgumentException if a size is negative, or a time not positive
   */
  public ChunkIndexConfig {
    if (historyBytes < 0 || !unclaimedFor.isPositive() || !historyFor.isPositive()) {
      throw new IllegalArgumentException(
          "history of %d bytes for %s, unclaimed for %s"
              .formatted(historyBytes, historyFor, unclaimedFor));
    }
  }

  /** The default times. */
  public static ChunkIndexConfig of(long historyBytes) {
    return new ChunkIndexConfig(historyBytes, DEFAULT_UNCLAIMED_FOR, DEFAULT_HISTORY_FOR);
  }
}
