package io.baton.relay;

import io.baton.session.model.RelayId;
import io.baton.transport.lane.Lanes;
import java.util.concurrent.ScheduledExecutorService;

/** What the sessions of one relay share. */
record RelayContext(
    RelayId self,
    RelayConfig.Limits limits,
    SessionTable sessions,
    Lanes lanes,
    RelayCounters counters,
    ScheduledExecutorService timer) {}
