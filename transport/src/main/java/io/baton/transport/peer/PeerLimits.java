package io.baton.transport.peer;

import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.grpc.StallWatch;
import java.time.Duration;

/**
 * What peers may ask of the receiving side.
 *
 * @param streams peers connected at once
 * @param inlineBytes of a body that is in its frame; a larger one ends its stream
 * @param pushBytes of one push; a larger one ends its stream
 * @param arrivingBytes of all pushes whose bytes are on their way; what does not fit is dropped
 * @param answers that may wait to be sent on one stream
 * @param patience for the hello, and, while pushes have begun, for 64 KiB more of any bodies or the
 *     end of one
 */
public record PeerLimits(
    int streams,
    int inlineBytes,
    long pushBytes,
    long arrivingBytes,
    SenderLimits answers,
    Duration patience) {

  public static final PeerLimits DEFAULT =
      new PeerLimits(
          256,
          128 << 10,
          64L << 20,
          256L << 20,
          new SenderLimits(1 << 16, 16 << 20),
          StallWatch.PATIENCE);

  /**
   * @throws IllegalArgumentException unless all are positive
   */
  public PeerLimits {
    if (streams < 1
        || inlineBytes < 1
        || pushBytes < 1
        || arrivingBytes < 1
        || !patience.isPositive()) {
      throw new IllegalArgumentException(
          "%d streams, %d bytes in a frame, %d of a push, %d of all, %s"
              .formatted(streams, inlineBytes, pushBytes, arrivingBytes, patience));
    }
  }
}
