package io.baton.relay;

import io.baton.session.stage.StageConfig;
import io.baton.transport.grpc.Endpoint;
import java.time.Duration;
import java.util.Optional;

/**
 * How a relay runs.
 *
 * @param name what clients and peers call it
 * @param listen where clients and peers reach it
 * @param executorSocket where a stage executor of another process attaches; empty if none may
 * @param limits what it may be made to hold
 */
public record RelayConfig(
    String name, Endpoint listen, Optional<Endpoint> executorSocket, Limits limits) {

  /**
   * Bounds of a relay.
   *
   * @param sessions the most at a time
   * @param lease the longest that a session is kept without a word from its client; also what a
   *     client gets that asks for none
   * @param payloadBytes of payloads that are being received, altogether
   * @param stage bounds of each session
   */
  public record Limits(int sessions, Duration lease, long payloadBytes, StageConfig.Limits stage) {

    public static final Limits DEFAULT =
        new Limits(256, Duration.ofSeconds(60), 256L << 20, StageConfig.Limits.DEFAULT);

    /**
     * @throws IllegalArgumentException if a bound is not positive
     */
    public Limits {
      if (sessions < 1 || payloadBytes < 1 || !lease.isPositive()) {
        throw new IllegalArgumentException(
            "%d sessions, a lease of %s, %d bytes of payloads"
                .formatted(sessions, lease, payloadBytes));
      }
    }
  }

  public static RelayConfig of(String name, Endpoint listen) {
    return new RelayConfig(name, listen, Optional.empty(), Limits.DEFAULT);
  }

  public RelayConfig withExecutorSocket(Endpoint socket) {
    return new RelayConfig(name, listen, Optional.of(socket), limits);
  }

  public RelayConfig withLimits(Limits limits) {
    return new RelayConfig(name, listen, executorSocket, limits);
  }
}
