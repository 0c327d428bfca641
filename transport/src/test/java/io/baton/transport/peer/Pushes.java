package io.baton.transport.peer;

import io.baton.session.model.Payload;
import io.baton.session.model.Peer;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import io.baton.session.model.Step;
import io.baton.session.model.StepId;
import io.baton.session.model.Ticket;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Pushes for tests. */
public final class Pushes {

  private Pushes() {}

  public static Push of(long session, long number, Payload payload) {
    Ticket ticket = new Ticket("right to push".getBytes(StandardCharsets.UTF_8));
    Peer next = new Peer(new RelayId("relay-c", 7), "127.0.0.1:7003", ticket);
    return new Push(
        new SessionId(session, session),
        ticket,
        new Step(new StepId(1, number), (int) number, payload.tokens()),
        List.of(next),
        payload);
  }
}
