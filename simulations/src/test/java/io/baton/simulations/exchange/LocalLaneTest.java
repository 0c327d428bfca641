package io.baton.simulations.exchange;

import io.baton.transport.lane.LaneKind;

/** The lane {@link LaneKind#LOCAL}. */
class LocalLaneTest extends LaneScenarios {

  @Override
  LaneKind lane() {
    return LaneKind.LOCAL;
  }
}
