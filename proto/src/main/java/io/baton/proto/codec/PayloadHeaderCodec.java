package io.baton.proto.codec;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.AnnouncedPayload.Body;
import io.baton.proto.v1.PayloadHeader;
import io.baton.proto.v1.SlotHandle;
import io.baton.session.model.Payload;

/** Announcements of payloads between a relay and its clients and executors. */
public final class PayloadHeaderCodec {

  private PayloadHeaderCodec() {}

  /**
   * Type, shape and names; the digest and the way in which the bytes follow are the caller's to
   * add.
   */
  public static PayloadHeader.Builder describe(Payload payload) {
    return PayloadHeader.newBuilder()
        .setActivations(TensorCodec.toWire(payload.activations().spec()))
        .addAllSideInputs(PayloadOutlineCodec.sidesToWire(payload));
  }

  public static AnnouncedPayload fromWire(PayloadHeader wire) throws MalformedFrameException {
    PayloadOutline outline =
        PayloadOutlineCodec.fromWire(
            wire.hasActivations(),
            wire.getActivations(),
            wire.getSideInputsList(),
            wire.hasDigest(),
            wire.getDigest());
    return new AnnouncedPayload(outline, body(wire, outline.bytes()), wire.getDataId());
  }

  private static Body body(PayloadHeader wire, long bytes) throws MalformedFrameException {
    ByteString inline = wire.getInline();
    int chunks = Fields.unsigned("chunk_count", wire.getChunkCount());
    if (wire.hasShared()) {
      if (!inline.isEmpty() || chunks > 0) {
        throw new MalformedFrameException(
            "shared", "beside %d bytes and %d chunks".formatted(inline.size(), chunks));
      }
      return Fields.nested("shared", true, wire.getShared(), PayloadHeaderCodec::sharedFromWire);
    }
    if (chunks == 0) {
      if (inline.size() != bytes) {
        throw new MalformedFrameException(
            "inline", "%d bytes; the tensors take %d".formatted(inline.size(), bytes));
      }
      return new Body.Inline(inline);
    }
    if (!inline.isEmpty()) {
      throw new MalformedFrameException(
          "inline", "%d bytes beside %d chunks".formatted(inline.size(), chunks));
    }
    // No chunk is empty, so there are never more of them than bytes.
    if (chunks > bytes) {
      throw new MalformedFrameException(
          "chunk_count", "%d chunks for %d bytes".formatted(chunks, bytes));
    }
    return new Body.Chunks(chunks);
  }

  private static Body.Shared sharedFromWire(SlotHandle wire) throws MalformedFrameException {
    return ExchangeCodec.slotFromWire(wire, Body.Shared::new);
  }
}
