package io.baton.transport.stream;

import io.baton.transport.grpc.SenderLimits;
import java.time.Duration;

/**
 * How a stream is kept.
 *
 * @param queue what may wait to be sent
 * @param handshakeTimeout for connecting and being answered
 */
public record KeptStreamConfig(SenderLimits queue, Duration handshakeTimeout, Backoff backoff) {

  public static final KeptStreamConfig DEFAULT =
      new KeptStreamConfig(SenderLimits.DEFAULT, Duration.ofSeconds(5), Backoff.DEFAULT);

  /**
   * @throws IllegalArgumentException if the timeout is not positive
   */
  public KeptStreamConfig {
    if (!handshakeTimeout.isPositive()) {
      throw new IllegalArgumentException("handshakeTimeout " + handshakeTimeout);
    }
  }
}
