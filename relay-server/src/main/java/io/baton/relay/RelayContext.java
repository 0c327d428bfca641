package io.baton.relay;

import io.baton.session.model.RelayId;
import io.baton.session.stage.HeldRules;
import io.baton.transport.FairBudget;
import io.baton.transport.lane.Lanes;
import java.util.concurrent.ScheduledExecutorService;

/**
 * What the sessions of one relay share.
 *
 * @param heldRules what they may make it keep together
 * @param held what they do
 */
record RelayContext(
    RelayId self,
    RelayConfig.Limits limits,
    SessionTable sessions,
    Lanes lanes,
    HeldRules heldRules,
    FairBudget held,
    RelayCounters counters,
    ScheduledExecutorService timer) {}
