package io.baton.relay;

import io.baton.session.model.RelayId;
import java.util.concurrent.ScheduledExecutorService;

/** What the sessions of one relay share. */
record RelayContext(
    RelayId self,
    RelayConfig.Limits limits,
    SessionTable sessions,
    PushSink pushes,
    RelayCounters counters,
    ScheduledExecutorService timer) {}
