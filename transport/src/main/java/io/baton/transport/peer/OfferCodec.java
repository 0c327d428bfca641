package io.baton.transport.peer;

import io.baton.proto.codec.ChunkingCodec;
import io.baton.proto.codec.ContentCodec;
import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.FailureCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.StepCodec;
import io.baton.proto.v1.ChunkHead;
import io.baton.proto.v1.CloseData;
import io.baton.proto.v1.Parcel;
import io.baton.proto.v1.PeerReply;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.DataId;
import io.baton.transport.pinned.SlotHandle;

/** Chunks that are offered and the answers to them, in words of the wire. */
final class OfferCodec {

  private OfferCodec() {}

  static Parcel toWire(Offer offer) {
    ChunkHead.Builder head =
        ChunkHead.newBuilder()
            .setGroup(offer.id().group())
            .setDataId(offer.id().id())
            .setIndex(offer.index())
            .addAllRanks(offer.ranks())
            .setContent(ContentCodec.toWire(offer.content()))
            .addAllNextPeers(offer.nextPeers());
    offer.count().ifPresent(head::setCount);
    Parcel.Builder parcel = Parcel.newBuilder().setNumber(offer.transfer()).setChunk(head);
    switch (offer.body()) {
      case Body.Inline(var bytes) -> parcel.setInline(bytes);
      case Body.Shared(SlotHandle slot) ->
          parcel.setShared(ExchangeCodec.slotToWire(slot.pool(), slot.offset(), slot.generation()));
      case Body.ToGrant() -> {}
    }
    return parcel.build();
  }

  static Offer fromWire(Parcel parcel) throws MalformedFrameException {
    ChunkHead head = parcel.getChunk();
    if (!head.hasContent()) {
      throw new MalformedFrameException("content", "missing");
    }
    Content content = ContentCodec.fromWire(head.getContent());
    Body body =
        switch (parcel.getBodyCase()) {
          case INLINE -> new Body.Inline(parcel.getInline());
          case SHARED -> new Body.Shared(sharedFromWire(parcel));
          case FOLLOWING ->
              throw new MalformedFrameException("following", "chunks have to be granted");
          case BODY_NOT_SET -> new Body.ToGrant();
        };
    if (body instanceof Body.Inline(var bytes) && bytes.size() != content.bytes()) {
      throw new MalformedFrameException(
          "inline", "%d bytes; the chunk has %d".formatted(bytes.size(), content.bytes()));
    }
    return new Offer(
        number(parcel.getNumber()),
        id(head.getGroup(), head.getDataId()),
        StepCodec.lengthFromWire(head.getIndex(), "index"),
        ChunkingCodec.countFromWire(head.hasCount(), head.getCount()),
        ExchangeCodec.ranksFromWire(head.getRanksList(), "ranks"),
        content,
        ChunkingCodec.nextPeersFromWire(head.getNextPeersList().asByteStringList()),
        body);
  }

  /** Where the bytes of a parcel are that stay in the sender's pool. */
  static SlotHandle sharedFromWire(Parcel parcel) throws MalformedFrameException {
    try {
      return ExchangeCodec.slotFromWire(parcel.getShared(), SlotHandle::new);
    } catch (MalformedFrameException e) {
      throw e.in("shared");
    }
  }

  static CloseData toWire(Closing closing) {
    return CloseData.newBuilder()
        .setNumber(closing.transfer())
        .setGroup(closing.id().group())
        .setDataId(closing.id().id())
        .setCount(closing.count())
        .build();
  }

  static Closing fromWire(CloseData wire) throws MalformedFrameException {
    return new Closing(
        number(wire.getNumber()),
        id(wire.getGroup(), wire.getDataId()),
        StepCodec.lengthFromWire(wire.getCount(), "count"));
  }

  static PeerAnswer fromWire(PeerReply reply) throws MalformedFrameException {
    return switch (reply.getFrameCase()) {
      case WAITING ->
          new PeerAnswer.Waiting(
              reply.getWaiting().getNumber(),
              FailureCodec.messageFromWire(reply.getWaiting().getDetail()));
      case GRANTED -> new PeerAnswer.Granted(reply.getGranted().getNumber());
      case TAKEN -> new PeerAnswer.Taken(reply.getTaken().getNumber());
      case REFUSED ->
          new PeerAnswer.Refused(
              reply.getRefused().getNumber(),
              FailureCodec.fromWire(reply.getRefused().getFailure()));
      case RELEASED -> new PeerAnswer.Released(reply.getReleased().getNumbersList());
      case WELCOME -> throw new MalformedFrameException("welcome", "comes twice");
      case FRAME_NOT_SET ->
          throw new MalformedFrameException("frame", "missing, unknown or unreadable");
    };
  }

  private static long number(long wire) throws MalformedFrameException {
    if (OutboundSteps.isStep(wire)) {
      throw new MalformedFrameException(
          "number", Long.toUnsignedString(wire) + " is a step's, not a chunk's");
    }
    return wire;
  }

  private static DataId id(String group, String id) throws MalformedFrameException {
    try {
      return new DataId(group, id);
    } catch (IllegalArgumentException e) {
      throw new MalformedFrameException("data_id", String.valueOf(e.getMessage()));
    }
  }
}
