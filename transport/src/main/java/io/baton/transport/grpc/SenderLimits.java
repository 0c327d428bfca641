package io.baton.transport.grpc;

/**
 * What may wait to be sent on one stream, over and above what gRPC itself has buffered.
 *
 * @param maxBytes a group of frames larger than this is never accepted
 */
public record SenderLimits(int maxFrames, long maxBytes) {

  public static final SenderLimits DEFAULT = new SenderLimits(4096, 64L << 20);

  /**
   * @throws IllegalArgumentException if either is less than 1
   */
  public SenderLimits {
    if (maxFrames < 1 || maxBytes < 1) {
      throw new IllegalArgumentException(
          "room for %d frames of %d bytes".formatted(maxFrames, maxBytes));
    }
  }
}
