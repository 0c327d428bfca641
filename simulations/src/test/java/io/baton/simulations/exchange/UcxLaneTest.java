package io.baton.simulations.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.transport.LaneKind;
import io.baton.transport.ucx.Landing;
import io.baton.transport.ucx.UcxConfig;
import io.baton.transport.ucx.UcxEngine;
import io.baton.transport.ucx.UcxUnavailableException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lane {@link LaneKind#UCX}. */
class UcxLaneTest extends LaneScenarios {

  @Override
  LaneKind lane() {
    return LaneKind.UCX;
  }

  @Override
  void assumeAvailable() {
    try {
      UcxEngine.start(UcxConfig.withDefaults("probe"), (_, _) -> Landing.REFUSED).close();
    } catch (UcxUnavailableException e) {
      Assumptions.abort(e.getMessage());
    }
  }

  @Test
  void relay_onLoopback_listensOnLoopbackAlone(@TempDir Path directory) throws Exception {
    assumeAvailable();
    try (Child relay = Child.relay(directory.resolve("s"), 0, LaneKind.UCX)) {
      List<String> listening = Sockets.listening(relay.pid());
      assertThat(listening).as("gRPC's and UCX's").hasSizeGreaterThan(1);
      assertThat(listening).allMatch(Sockets::isLoopback);
    }
  }
}
