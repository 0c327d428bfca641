package io.baton.relay;

import io.baton.session.model.RelayId;
import io.baton.session.stage.HeldRules;
import io.baton.transport.FairBudget;
import io.baton.transport.peer.PeerLinks;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;

/**
 * What the sessions of one relay share.
 *
 * @param heldRules what they may make it keep together
 * @param held what they do
 * @param streams runs tasks one at a time, and not at the same time as what streams are told
 */
record RelayContext(
    RelayId self,
    RelayConfig.Limits limits,
    SessionTable sessions,
    PeerLinks links,
    HeldRules heldRules,
    FairBudget held,
    RelayCounters counters,
    ScheduledExecutorService timer,
    Executor streams) {}
