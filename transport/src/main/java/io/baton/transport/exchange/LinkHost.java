package io.baton.transport.exchange;

import io.baton.session.model.RelayId;
import io.baton.transport.Budget;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.ucx.UcxHub;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;

/**
 * What the links of one relay share.
 *
 * @param pool where the bodies lie that it sends and receives
 * @param ucx where UCX is there
 * @param queuedBytes what may wait to be sent on all links together
 * @param timer for deadlines and delays; its tasks are short
 */
public record LinkHost(
    RelayId self,
    PinnedPool pool,
    Optional<UcxHub> ucx,
    EventLoops loops,
    Budget queuedBytes,
    ScheduledExecutorService timer) {

  /** UCX, unless it is not there or has ended. */
  Optional<UcxHub> workingUcx() {
    return ucx.filter(hub -> hub.ended().isEmpty());
  }
}
