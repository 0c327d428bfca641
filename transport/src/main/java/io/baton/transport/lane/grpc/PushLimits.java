package io.baton.transport.lane.grpc;

import java.time.Duration;

/**
 * What peers may ask of the receiving side.
 *
 * @param maxPayloadBytes a larger payload ends its stream
 * @param maxAssemblingBytes of all payloads that are arriving in chunks; what does not fit is
 *     dropped
 * @param maxStreams peers connected at once
 * @param stallTimeout for a hello, and for the next chunk of a payload that has begun
 */
public record PushLimits(
    long maxPayloadBytes, long maxAssemblingBytes, int maxStreams, Duration stallTimeout) {

  public static final PushLimits DEFAULT =
      new PushLimits(64L << 20, 256L << 20, 256, Duration.ofSeconds(10));

  /**
   * @throws IllegalArgumentException unless all are positive
   */
  public PushLimits {
    if (maxPayloadBytes < 1
        || maxAssemblingBytes < 1
        || maxStreams < 1
        || !stallTimeout.isPositive()) {
      throw new IllegalArgumentException(
          "%d bytes, %d in all, %d streams, %s"
              .formatted(maxPayloadBytes, maxAssemblingBytes, maxStreams, stallTimeout));
    }
  }
}
