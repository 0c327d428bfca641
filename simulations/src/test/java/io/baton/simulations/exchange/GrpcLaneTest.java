package io.baton.simulations.exchange;

import io.baton.transport.LaneKind;

/** The lane {@link LaneKind#GRPC}. */
class GrpcLaneTest extends LaneScenarios {

  @Override
  LaneKind lane() {
    return LaneKind.GRPC;
  }
}
