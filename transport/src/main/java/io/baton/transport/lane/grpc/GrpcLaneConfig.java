package io.baton.transport.lane.grpc;

import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.lane.Backoff;
import io.grpc.ChannelCredentials;
import java.time.Duration;

/**
 * How lanes over gRPC behave.
 *
 * @param queue what may wait in one lane; also bounds the size of a push
 * @param handshakeTimeout for connecting and being welcomed
 */
public record GrpcLaneConfig(
    ChannelCredentials credentials,
    SenderLimits queue,
    Duration handshakeTimeout,
    Backoff backoff,
    KeepAlive keepAlive) {

  public static final Duration DEFAULT_HANDSHAKE_TIMEOUT = Duration.ofSeconds(5);

  /**
   * @throws IllegalArgumentException if the timeout is not positive
   */
  public GrpcLaneConfig {
    if (!handshakeTimeout.isPositive()) {
      throw new IllegalArgumentException("handshakeTimeout " + handshakeTimeout);
    }
  }

  /** Everything but the credentials by default. */
  public static GrpcLaneConfig withDefaults(ChannelCredentials credentials) {
    return new GrpcLaneConfig(
        credentials,
        SenderLimits.DEFAULT,
        DEFAULT_HANDSHAKE_TIMEOUT,
        Backoff.DEFAULT,
        KeepAlive.DEFAULT);
  }
}
