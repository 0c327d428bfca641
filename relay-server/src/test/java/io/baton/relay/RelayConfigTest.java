package io.baton.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.baton.session.stage.StageConfig;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.Endpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RelayConfigTest {

  private static final Endpoint LISTEN = Endpoint.tcp("127.0.0.1", 7000);

  @Test
  void of_defaults() {
    assertThat(RelayConfig.of("r", LISTEN))
        .isEqualTo(
            new RelayConfig(
                "r",
                LISTEN,
                Optional.empty(),
                new RelayConfig.Limits(
                    256,
                    0.8,
                    Duration.ofMinutes(1),
                    Duration.ofMinutes(10),
                    Duration.ofSeconds(30),
                    256L << 20,
                    512L << 20,
                    StageConfig.Limits.DEFAULT),
                new RelayConfig.DataPlane(
                    64L << 20,
                    Path.of("/dev/shm"),
                    0.5,
                    0.25,
                    List.of(LaneKind.LOCAL, LaneKind.GRPC),
                    true)));
  }

  @Test
  void with_changesOneThing() {
    Endpoint.Unix socket = new Endpoint.Unix(Path.of("relay.sock"));
    RelayConfig.Limits limits =
        RelayConfig.Limits.DEFAULT
            .withSessions(1)
            .withClientShare(0.5)
            .withLease(Duration.ofSeconds(1))
            .withIdle(Duration.ofSeconds(2))
            .withStall(Duration.ofSeconds(5))
            .withPayloadBytes(3)
            .withSessionBytes(4)
            .withStage(StageConfig.Limits.DEFAULT);
    assertThat(limits)
        .isEqualTo(
            new RelayConfig.Limits(
                1,
                0.5,
                Duration.ofSeconds(1),
                Duration.ofSeconds(2),
                Duration.ofSeconds(5),
                3,
                4,
                StageConfig.Limits.DEFAULT));
    RelayConfig.DataPlane dataPlane =
        RelayConfig.DataPlane.DEFAULT.withPoolBytes(1 << 20).withLanes(List.of(LaneKind.GRPC));
    assertThat(
            RelayConfig.of("r", LISTEN)
                .withProcessSocket(socket)
                .withLimits(limits)
                .withDataPlane(dataPlane))
        .isEqualTo(new RelayConfig("r", LISTEN, Optional.of(socket), limits, dataPlane));
  }

  @Test
  void limits_thatAreNoBounds_areRefused() {
    RelayConfig.Limits good = RelayConfig.Limits.DEFAULT;
    assertThatIllegalArgumentException().isThrownBy(() -> good.withSessions(0));
    assertThatIllegalArgumentException().isThrownBy(() -> good.withLease(Duration.ZERO));
    assertThatIllegalArgumentException().isThrownBy(() -> good.withIdle(Duration.ZERO));
    assertThatIllegalArgumentException().isThrownBy(() -> good.withPayloadBytes(0));
    assertThatIllegalArgumentException().isThrownBy(() -> good.withSessionBytes(0));
    assertThatIllegalArgumentException().isThrownBy(() -> good.withClientShare(0));
    assertThatIllegalArgumentException().isThrownBy(() -> good.withClientShare(1.01));
    assertThatIllegalArgumentException().isThrownBy(() -> good.withClientShare(Double.NaN));
  }
}
