package io.baton.client.sidecar;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.ChunkingCodec;
import io.baton.proto.codec.ContentCodec;
import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.FailureCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.codec.StepCodec;
import io.baton.proto.v1.ProcessReply;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.Failure;
import io.baton.transport.pinned.SlotHandle;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** What the relay says of a request, checked. */
sealed interface Reply {

  long request();

  record Registered(long request) implements Reply {}

  record Allocated(long request, SlotHandle slot) implements Reply {}

  record Sent(long request) implements Reply {}

  /** Not the last word. */
  record WritePart(long request, int part, SlotHandle slot, long from, long to) implements Reply {}

  record Delivered(
      long request, Content content, Body body, List<String> nextPeers, OptionalInt count)
      implements Reply {}

  record End(long request, int count) implements Reply {}

  record Failed(long request, Failure failure) implements Reply {}

  /** Where a chunk's bytes are. */
  sealed interface Body {

    record Inline(ByteString bytes) implements Body {}

    /**
     * In a pool.
     *
     * @param pool empty for the relay's own
     */
    record Pooled(SlotHandle slot, Optional<PoolAddress> pool) implements Body {}
  }

  /** A reply other than the welcome. */
  static Reply decode(ProcessReply wire) throws MalformedFrameException {
    return switch (wire.getFrameCase()) {
      case REGISTERED -> new Registered(wire.getRegistered().getRequest());
      case ALLOCATED ->
          new Allocated(
              wire.getAllocated().getRequest(),
              ExchangeCodec.slotFromWire(wire.getAllocated().getSlot(), SlotHandle::new));
      case SENT -> new Sent(wire.getSent().getRequest());
      case WRITE_PART -> decode(wire.getWritePart());
      case RECEIVED -> decode(wire.getReceived());
      case END_OF_STREAM ->
          new End(
              wire.getEndOfStream().getRequest(),
              StepCodec.lengthFromWire(wire.getEndOfStream().getCount(), "end_of_stream.count"));
      case FAILED ->
          new Failed(
              wire.getFailed().getRequest(), FailureCodec.fromWire(wire.getFailed().getFailure()));
      case WELCOME -> throw new MalformedFrameException("welcome", "comes twice");
      default -> throw new MalformedFrameException("frame", "missing or unknown");
    };
  }

  private static Reply decode(io.baton.proto.v1.WritePart wire) throws MalformedFrameException {
    ExchangeCodec.checkRange(wire.getFrom(), wire.getTo(), Long.MAX_VALUE);
    return new WritePart(
        wire.getRequest(),
        wire.getPart(),
        ExchangeCodec.slotFromWire(wire.getSlot(), SlotHandle::new),
        wire.getFrom(),
        wire.getTo());
  }

  private static Reply decode(io.baton.proto.v1.Received wire) throws MalformedFrameException {
    Content content = ContentCodec.fromWire(wire.getContent());
    return new Delivered(
        wire.getRequest(),
        content,
        body(wire, content),
        ChunkingCodec.nextPeersFromWire(wire.getNextPeersList().asByteStringList()),
        ChunkingCodec.countFromWire(wire.hasCount(), wire.getCount()));
  }

  private static Body body(io.baton.proto.v1.Received wire, Content content)
      throws MalformedFrameException {
    return switch (wire.getBodyCase()) {
      case INLINE -> {
        if (wire.getInline().size() != content.bytes()) {
          throw new MalformedFrameException(
              "inline",
              "%d bytes; %s takes %d".formatted(wire.getInline().size(), content, content.bytes()));
        }
        yield new Body.Inline(wire.getInline());
      }
      case SLOT ->
          new Body.Pooled(
              ExchangeCodec.slotFromWire(wire.getSlot(), SlotHandle::new),
              wire.hasPool()
                  ? Optional.of(ExchangeCodec.fromWire(wire.getPool()))
                  : Optional.empty());
      case BODY_NOT_SET -> throw new MalformedFrameException("body", "missing");
    };
  }
}
