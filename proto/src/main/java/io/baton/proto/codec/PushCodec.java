package io.baton.proto.codec;

import io.baton.proto.v1.StepHead;
import io.baton.session.model.Peer;
import io.baton.session.model.Push;
import io.baton.session.model.SessionId;
import io.baton.session.model.Step;
import io.baton.session.model.Ticket;
import java.util.List;

/** Pushes, apart from their payloads' bytes. */
public final class PushCodec {

  private PushCodec() {}

  public static StepHead toWire(Push push) {
    return StepHead.newBuilder()
        .setSession(IdCodec.toWire(push.session()))
        .setEpoch(push.step().id().epoch())
        .setStep(push.step().id().number())
        .setPosition(push.step().position())
        .setCount(push.step().count())
        .setTicket(IdCodec.toWire(push.ticket()))
        .addAllNextPeers(IdCodec.peersToWire(push.nextPeers()))
        .setActivations(TensorCodec.toWire(push.payload().activations().spec()))
        .addAllSideInputs(PayloadOutlineCodec.sidesToWire(push.payload()))
        .setDigest(DigestCodec.toWire(push.payload().digest()))
        .build();
  }

  public static PushHead fromWire(StepHead wire) throws MalformedFrameException {
    SessionId session =
        Fields.nested("session", wire.hasSession(), wire.getSession(), IdCodec::fromWire);
    Step step =
        StepCodec.fromWire(wire.getEpoch(), wire.getStep(), wire.getPosition(), wire.getCount());
    Ticket ticket = IdCodec.ticketFromWire(wire.getTicket(), "ticket");
    List<Peer> nextPeers = IdCodec.peersFromWire(wire.getNextPeersList(), "next_peers");
    Fields.present(wire.hasDigest(), "digest");
    PayloadOutline payload =
        PayloadOutlineCodec.fromWire(
            wire.hasActivations(),
            wire.getActivations(),
            wire.getSideInputsList(),
            true,
            wire.getDigest());
    return new PushHead(session, ticket, step, nextPeers, payload);
  }
}
