package io.baton.simulations.exchange;

import io.baton.transport.lane.LaneKind;
import io.baton.transport.ucx.Landing;
import io.baton.transport.ucx.UcxConfig;
import io.baton.transport.ucx.UcxEngine;
import io.baton.transport.ucx.UcxUnavailableException;
import org.junit.jupiter.api.Assumptions;

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
}
