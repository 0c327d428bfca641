package io.baton.relay;

import io.baton.session.model.Digest;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import io.baton.session.model.StepId;

/** A peer pushed other bytes than the client vouched for. */
public record Evidence(SessionId session, StepId step, Digest client, Digest peer, RelayId from) {}
