package io.baton.transport.peer;

import io.baton.session.model.RelayId;
import io.baton.transport.Budget;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.payload.TrafficCounter;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.ucx.UcxHub;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;

/**
 * What the links of one relay share.
 *
 * @param pool where the bodies lie that it sends and receives
 * @param ucx where UCX is there
 * @param traffic what counts the payloads of pushes
 * @param queuedBytes what may wait to be sent on all links together
 * @param queuedBodies what may wait of pushes until it is cut into parts, on all links together:
 *     apart from the parts, or these would wait for room that nothing else gives back
 * @param timer for deadlines and delays; its tasks are short
 */
public record PeerHost(
    RelayId self,
    PinnedPool pool,
    Optional<UcxHub> ucx,
    Traffic traffic,
    EventLoops loops,
    Budget queuedBytes,
    Budget queuedBodies,
    ScheduledExecutorService timer) {

  /** What counts payloads by the way in which they go. */
  public record Traffic(TrafficCounter sent, TrafficCounter received) {}

  /** UCX, unless it is not there or has ended. */
  Optional<UcxHub> workingUcx() {
    return ucx.filter(hub -> hub.ended().isEmpty());
  }
}
