package io.baton.proto.codec;

import io.baton.proto.v1.PayloadHeader;
import io.baton.proto.v1.Pushed;
import io.baton.session.model.Peer;
import io.baton.session.model.Push;
import io.baton.session.model.SessionId;
import io.baton.session.model.Step;
import io.baton.session.model.Ticket;
import java.util.List;

/** Pushes, apart from their payloads' bytes. */
public final class PushCodec {

  private PushCodec() {}

  public static Pushed toWire(Push push, PayloadHeader payload) {
    return Pushed.newBuilder()
        .setSession(IdCodec.toWire(push.session()))
        .setEpoch(push.step().id().epoch())
        .setStep(push.step().id().number())
        .setPosition(push.step().position())
        .setCount(push.step().count())
        .setTicket(IdCodec.toWire(push.ticket()))
        .addAllNextPeers(IdCodec.peersToWire(push.nextPeers()))
        .setPayload(payload)
        .build();
  }

  /** Everything but the payload, whose presence is checked and nothing else. */
  public static PushHead fromWire(Pushed wire) throws MalformedFrameException {
    SessionId session =
        Fields.nested("session", wire.hasSession(), wire.getSession(), IdCodec::fromWire);
    Step step =
        StepCodec.fromWire(wire.getEpoch(), wire.getStep(), wire.getPosition(), wire.getCount());
    Ticket ticket = IdCodec.ticketFromWire(wire.getTicket(), "ticket");
    List<Peer> nextPeers = IdCodec.peersFromWire(wire.getNextPeersList(), "next_peers");
    Fields.present(wire.hasPayload(), "payload");
    return new PushHead(session, ticket, step, nextPeers);
  }
}
