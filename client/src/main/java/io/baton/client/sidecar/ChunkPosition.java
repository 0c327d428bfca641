package io.baton.client.sidecar;

import java.util.OptionalInt;

/**
 * Which chunk of a datum it is.
 *
 * @param index from 0
 * @param count the number of chunks; empty for a stream, whose number is told when it is closed
 */
public record ChunkPosition(int index, OptionalInt count) {

  /** The whole of a datum in one chunk. */
  public static final ChunkPosition ONLY = of(0, 1);

  /**
   * @throws IllegalArgumentException if there is no chunk of that index
   */
  public ChunkPosition {
    if (index < 0 || (count.isPresent() && index >= count.getAsInt())) {
      throw new IllegalArgumentException(
          count.isPresent()
              ? "chunk %d of %d".formatted(index, count.getAsInt())
              : "chunk " + index);
    }
  }

  /** Chunk {@code index} of {@code count}. */
  public static ChunkPosition of(int index, int count) {
    return new ChunkPosition(index, OptionalInt.of(count));
  }

  /** Chunk {@code index} of nobody knows how many yet. */
  public static ChunkPosition stream(int index) {
    return new ChunkPosition(index, OptionalInt.empty());
  }
}
