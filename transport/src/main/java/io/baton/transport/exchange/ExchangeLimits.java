package io.baton.transport.exchange;

import io.baton.transport.grpc.SenderLimits;
import java.time.Duration;

/**
 * What peers may ask of the receiving side.
 *
 * @param streams peers connected at once
 * @param inlineBytes of a body that is part of its offer; a larger one ends its stream
 * @param answers that may wait to be sent on one stream
 * @param helloTimeout for the first frame
 */
public record ExchangeLimits(
    int streams, int inlineBytes, SenderLimits answers, Duration helloTimeout) {

  public static final ExchangeLimits DEFAULT =
      new ExchangeLimits(
          256, 128 << 10, new SenderLimits(1 << 16, 16 << 20), Duration.ofSeconds(10));

  /**
   * @throws IllegalArgumentException unless all are positive
   */
  public ExchangeLimits {
    if (streams < 1 || inlineBytes < 1 || !helloTimeout.isPositive()) {
      throw new IllegalArgumentException(
          "%d streams, %d bytes, %s".formatted(streams, inlineBytes, helloTimeout));
    }
  }
}
