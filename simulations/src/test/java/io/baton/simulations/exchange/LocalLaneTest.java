package io.baton.simulations.exchange;

import io.baton.transport.LaneKind;

/** The lane {@link LaneKind#LOCAL}. */
class LocalLaneTest extends LaneScenarios {

  @Override
  LaneKind lane() {
    return LaneKind.LOCAL;
  }
}
