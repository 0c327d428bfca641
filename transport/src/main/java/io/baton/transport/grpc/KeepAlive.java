package io.baton.transport.grpc;

import java.time.Duration;

/**
 * How a connection finds out that the other end is gone without a word.
 *
 * @param interval of silence after which the other end is asked; gRPC does not let a client ask
 *     more often than every 10 s
 * @param timeout for its answer
 */
public record KeepAlive(Duration interval, Duration timeout) {

  public static final KeepAlive DEFAULT =
      new KeepAlive(Duration.ofSeconds(10), Duration.ofSeconds(5));

  /**
   * @throws IllegalArgumentException if either is not positive
   */
  public KeepAlive {
    if (!interval.isPositive() || !timeout.isPositive()) {
      throw new IllegalArgumentException("every %s for %s".formatted(interval, timeout));
    }
  }
}
