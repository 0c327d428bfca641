package io.baton.transport.exchange;

import io.baton.proto.codec.ChunkingCodec;
import io.baton.proto.codec.ContentCodec;
import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.FailureCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.StepCodec;
import io.baton.proto.v1.CloseData;
import io.baton.proto.v1.ExchangeReply;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.DataId;
import io.baton.transport.pinned.SlotHandle;

/** Offers and the answers to them, in words of the wire. */
final class OfferCodec {

  private OfferCodec() {}

  static io.baton.proto.v1.Offer toWire(Offer offer) {
    io.baton.proto.v1.Offer.Builder wire =
        io.baton.proto.v1.Offer.newBuilder()
            .setTransfer(offer.transfer())
            .setGroup(offer.id().group())
            .setDataId(offer.id().id())
            .setIndex(offer.index())
            .addAllRanks(offer.ranks())
            .setContent(ContentCodec.toWire(offer.content()))
            .addAllNextPeers(offer.nextPeers());
    offer.count().ifPresent(wire::setCount);
    switch (offer.body()) {
      case Body.Inline(var bytes) -> wire.setInline(bytes);
      case Body.Shared(SlotHandle slot) ->
          wire.setShared(ExchangeCodec.slotToWire(slot.pool(), slot.offset(), slot.generation()));
      case Body.ToGrant() -> {}
    }
    return wire.build();
  }

  static Offer fromWire(io.baton.proto.v1.Offer wire) throws MalformedFrameException {
    if (!wire.hasContent()) {
      throw new MalformedFrameException("content", "missing");
    }
    Content content = ContentCodec.fromWire(wire.getContent());
    Body body =
        switch (wire.getBodyCase()) {
          case INLINE -> new Body.Inline(wire.getInline());
          case SHARED ->
              new Body.Shared(ExchangeCodec.slotFromWire(wire.getShared(), SlotHandle::new));
          case BODY_NOT_SET -> new Body.ToGrant();
        };
    if (body instanceof Body.Inline(var bytes) && bytes.size() != content.bytes()) {
      throw new MalformedFrameException(
          "inline", "%d bytes; the chunk has %d".formatted(bytes.size(), content.bytes()));
    }
    return new Offer(
        wire.getTransfer(),
        id(wire.getGroup(), wire.getDataId()),
        StepCodec.lengthFromWire(wire.getIndex(), "index"),
        ChunkingCodec.countFromWire(wire.hasCount(), wire.getCount()),
        ExchangeCodec.ranksFromWire(wire.getRanksList(), "ranks"),
        content,
        ChunkingCodec.nextPeersFromWire(wire.getNextPeersList().asByteStringList()),
        body);
  }

  static CloseData toWire(Closing closing) {
    return CloseData.newBuilder()
        .setTransfer(closing.transfer())
        .setGroup(closing.id().group())
        .setDataId(closing.id().id())
        .setCount(closing.count())
        .build();
  }

  static Closing fromWire(CloseData wire) throws MalformedFrameException {
    return new Closing(
        wire.getTransfer(),
        id(wire.getGroup(), wire.getDataId()),
        StepCodec.lengthFromWire(wire.getCount(), "count"));
  }

  static LinkAnswer fromWire(ExchangeReply reply) throws MalformedFrameException {
    return switch (reply.getFrameCase()) {
      case WAITING ->
          new LinkAnswer.Waiting(
              reply.getWaiting().getTransfer(),
              FailureCodec.messageFromWire(reply.getWaiting().getDetail()));
      case GRANTED -> new LinkAnswer.Granted(reply.getGranted().getTransfer());
      case TAKEN -> new LinkAnswer.Taken(reply.getTaken().getTransfer());
      case REFUSED ->
          new LinkAnswer.Refused(
              reply.getRefused().getTransfer(),
              FailureCodec.fromWire(reply.getRefused().getFailure()));
      case RELEASED -> new LinkAnswer.Released(reply.getReleased().getTransfersList());
      case WELCOME -> throw new MalformedFrameException("welcome", "comes twice");
      case FRAME_NOT_SET ->
          throw new MalformedFrameException("frame", "missing, unknown or unreadable");
    };
  }

  private static DataId id(String group, String id) throws MalformedFrameException {
    try {
      return new DataId(group, id);
    } catch (IllegalArgumentException e) {
      throw new MalformedFrameException("data_id", String.valueOf(e.getMessage()));
    }
  }
}
