package io.baton.transport.payload;

/**
 * How payloads are cut.
 *
 * @param inlineBytes a payload of at most this many bytes travels within its header
 * @param chunkBytes bytes of each chunk but the last
 */
public record ChunkingConfig(int inlineBytes, int chunkBytes) {

  /** The largest of either: well below the 4 MiB that gRPC lets a message be. */
  public static final int MAX_BYTES = 2 << 20;

  public static final ChunkingConfig DEFAULT = new ChunkingConfig(64 << 10, 256 << 10);

  /**
   * @throws IllegalArgumentException unless inlineBytes is within 0 to 2 MiB and chunkBytes within
   *     1 to 2 MiB
   */
  public ChunkingConfig {
    if (inlineBytes < 0 || inlineBytes > MAX_BYTES) {
      throw new IllegalArgumentException(
          "inlineBytes %d is not within 0-%d".formatted(inlineBytes, MAX_BYTES));
    }
    if (chunkBytes < 1 || chunkBytes > MAX_BYTES) {
      throw new IllegalArgumentException(
          "chunkBytes %d is not within 1-%d".formatted(chunkBytes, MAX_BYTES));
    }
  }
}
