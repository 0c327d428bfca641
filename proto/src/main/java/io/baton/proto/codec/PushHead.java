package io.baton.proto.codec;

import io.baton.session.model.Payload;
import io.baton.session.model.Peer;
import io.baton.session.model.Push;
import io.baton.session.model.SessionId;
import io.baton.session.model.Step;
import io.baton.session.model.Ticket;
import java.util.List;

/** A push whose payload has not arrived yet. */
public record PushHead(
    SessionId session, Ticket ticket, Step step, List<Peer> nextPeers, PayloadOutline payload) {

  public PushHead {
    nextPeers = List.copyOf(nextPeers);
  }

  public Push with(Payload arrived) {
    return new Push(session, ticket, step, nextPeers, arrived);
  }
}
