package io.baton.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.baton.session.stage.StageConfig;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.lane.LaneKind;
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
                    256, Duration.ofMinutes(1), 256L << 20, StageConfig.Limits.DEFAULT),
                new RelayConfig.DataPlane(
                    64L << 20,
                    Path.of("/dev/shm"),
                    0.5,
                    0.25,
                    List.of(LaneKind.LOCAL, LaneKind.UCX, LaneKind.GRPC),
                    true)));
  }

  @Test
  void with_changesOneThing() {
    Endpoint socket = new Endpoint.Unix(Path.of("relay.sock"));
    RelayConfig.Limits limits =
        new RelayConfig.Limits(1, Duration.ofSeconds(1), 1, StageConfig.Limits.DEFAULT);
    RelayConfig.DataPlane dataPlane =
        RelayConfig.DataPlane.DEFAULT.withPoolBytes(1 << 20).withLanes(List.of(LaneKind.GRPC));
    assertThat(
            RelayConfig.of("r", LISTEN)
                .withExecutorSocket(socket)
                .withLimits(limits)
                .withDataPlane(dataPlane))
        .isEqualTo(new RelayConfig("r", LISTEN, Optional.of(socket), limits, dataPlane));
  }

  @Test
  void limits_thatAreNoBounds_areRefused() {
    StageConfig.Limits stage = StageConfig.Limits.DEFAULT;
    Duration lease = Duration.ofSeconds(1);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RelayConfig.Limits(0, lease, 1, stage));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RelayConfig.Limits(1, Duration.ZERO, 1, stage));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RelayConfig.Limits(1, lease, 0, stage));
  }
}
