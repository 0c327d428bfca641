package io.baton.client.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.baton.proto.codec.HostPort;
import io.baton.proto.v1.RefusalReason;
import io.baton.session.model.DType;
import io.baton.session.model.Digest;
import io.baton.session.model.Refusal;
import io.baton.session.model.TensorSpec;
import io.baton.session.route.RouteConfig;
import io.baton.transport.LaneKind;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OptionsTest {

  private static final RouteConfig ROUTE = RouteConfig.of(2, TensorSpec.of(DType.F32, 1, 8), 100);

  private static final List<LaneKind> LANES = List.of(LaneKind.LOCAL, LaneKind.GRPC);

  @Test
  void clientOptions_defaults() {
    List<HostPort> peers = List.of(new HostPort("localhost", 1));
    assertThat(ClientOptions.of(peers))
        .isEqualTo(new ClientOptions(peers, Duration.ofSeconds(3), Map.of(), 16L << 20, LANES));
    assertThat(ClientOptions.of(peers).withDescribeTimeout(Duration.ofSeconds(1)))
        .isEqualTo(new ClientOptions(peers, Duration.ofSeconds(1), Map.of(), 16L << 20, LANES));
    assertThat(ClientOptions.of(peers).withLanes(List.of(LaneKind.GRPC)).lanes())
        .containsExactly(LaneKind.GRPC);
  }

  @Test
  void clientOptions_withoutARelay_areRefused() {
    assertThatIllegalArgumentException().isThrownBy(() -> ClientOptions.of(List.of()));
  }

  @Test
  void clientOptions_poolThatIsNone_isRefused() {
    ClientOptions options = ClientOptions.of(List.of(new HostPort("localhost", 1)));
    assertThat(options.withPoolBytes(0).poolBytes()).isZero();
    assertThat(options.withPoolBytes(4096).poolBytes()).isEqualTo(4096);
    assertThatIllegalArgumentException().isThrownBy(() -> options.withPoolBytes(4095));
    assertThatIllegalArgumentException().isThrownBy(() -> options.withPoolBytes(-1));
  }

  @Test
  void clientOptions_withUcx_areRefused() {
    ClientOptions options = ClientOptions.of(List.of(new HostPort("localhost", 1)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> options.withLanes(List.of(LaneKind.UCX, LaneKind.GRPC)))
        .withMessageContaining("among themselves");
  }

  @Test
  void sessionOptions_defaults() {
    assertThat(SessionOptions.of("model", ROUTE))
        .isEqualTo(
            new SessionOptions("model", ROUTE, Digest.Algorithm.SHA256, Duration.ofSeconds(30)));
    assertThat(
            SessionOptions.of("model", ROUTE)
                .withAlgorithm(Digest.Algorithm.XXH3_128)
                .withLease(Duration.ofSeconds(1)))
        .isEqualTo(
            new SessionOptions("model", ROUTE, Digest.Algorithm.XXH3_128, Duration.ofSeconds(1)));
  }

  @Test
  void refusals_allOfThem_haveAWordOnTheWire() {
    for (Refusal refusal : Refusal.values()) {
      RefusalReason wire = RefusalReason.valueOf("REFUSAL_REASON_" + refusal.name());
      assertThat(RefusalNames.fromWire(wire)).contains(refusal);
    }
    assertThat(RefusalNames.fromWire(RefusalReason.UNRECOGNIZED)).isEmpty();
    assertThat(RefusalNames.fromWire(RefusalReason.REFUSAL_REASON_UNSPECIFIED)).isEmpty();
  }
}
