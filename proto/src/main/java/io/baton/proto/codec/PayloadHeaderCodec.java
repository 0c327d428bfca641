package io.baton.proto.codec;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.AnnouncedPayload.Body;
import io.baton.proto.v1.PayloadHeader;
import io.baton.proto.v1.SideInput;
import io.baton.proto.v1.SlotHandle;
import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Announcements of payloads. */
public final class PayloadHeaderCodec {

  /**
   * The order of side inputs on the wire: that of the UTF-8 bytes of their names, which is not that
   * of {@link String#compareTo} where characters beyond the basic plane are involved.
   */
  private static final Comparator<ByteString> WIRE_ORDER =
      ByteString.unsignedLexicographicalComparator();

  private PayloadHeaderCodec() {}

  /** The tensors of a payload in the order in which their bytes travel. */
  public static List<Tensor> tensors(Payload payload) {
    List<Tensor> tensors = new ArrayList<>(1 + payload.sideInputs().size());
    tensors.add(payload.activations());
    sides(payload).forEach(side -> tensors.add(side.getValue()));
    return tensors;
  }

  /**
   * Type, shape and names; the digest and the way in which the bytes follow are the caller's to
   * add.
   */
  public static PayloadHeader.Builder describe(Payload payload) {
    PayloadHeader.Builder header =
        PayloadHeader.newBuilder().setActivations(TensorCodec.toWire(payload.activations().spec()));
    for (Map.Entry<String, Tensor> side : sides(payload)) {
      header.addSideInputs(
          SideInput.newBuilder()
              .setName(side.getKey())
              .setSpec(TensorCodec.toWire(side.getValue().spec())));
    }
    return header;
  }

  public static AnnouncedPayload fromWire(PayloadHeader wire) throws MalformedFrameException {
    TensorSpec activations =
        Fields.nested(
            "activations", wire.hasActivations(), wire.getActivations(), TensorCodec::fromWire);
    List<AnnouncedPayload.Side> sides = sidesFromWire(wire);
    Optional<Digest> digest =
        wire.hasDigest()
            ? Optional.of(Fields.nested("digest", true, wire.getDigest(), DigestCodec::fromWire))
            : Optional.empty();
    long bytes = bytes(activations, sides);
    return new AnnouncedPayload(
        activations, sides, digest, bytes, body(wire, bytes), wire.getDataId());
  }

  private static List<Map.Entry<String, Tensor>> sides(Payload payload) {
    if (payload.sideInputs().isEmpty()) {
      return List.of();
    }
    return payload.sideInputs().entrySet().stream()
        .sorted(Comparator.comparing(side -> utf8(side.getKey()), WIRE_ORDER))
        .toList();
  }

  private static ByteString utf8(String name) {
    return ByteString.copyFrom(name, StandardCharsets.UTF_8);
  }

  private static List<AnnouncedPayload.Side> sidesFromWire(PayloadHeader wire)
      throws MalformedFrameException {
    Fields.atMost("side_inputs", wire.getSideInputsCount(), StageCodec.MAX_SIDE_INPUTS);
    List<AnnouncedPayload.Side> sides = new ArrayList<>(wire.getSideInputsCount());
    for (int i = 0; i < wire.getSideInputsCount(); i++) {
      SideInput side = wire.getSideInputs(i);
      sides.add(Fields.element("side_inputs", i, side, PayloadHeaderCodec::sideFromWire));
      if (i > 0
          && WIRE_ORDER.compare(wire.getSideInputs(i - 1).getNameBytes(), side.getNameBytes())
              >= 0) {
        throw new MalformedFrameException(
            "side_inputs[" + i + "].name",
            Fields.quoted(side.getName()) + " is not after the one before it");
      }
    }
    return sides;
  }

  private static AnnouncedPayload.Side sideFromWire(SideInput wire) throws MalformedFrameException {
    String name =
        Fields.text(
            "name", wire.getNameBytes(), wire.getName(), StageCodec.MAX_SIDE_INPUT_NAME_BYTES);
    return new AnnouncedPayload.Side(
        name, Fields.nested("spec", wire.hasSpec(), wire.getSpec(), TensorCodec::fromWire));
  }

  private static long bytes(TensorSpec activations, List<AnnouncedPayload.Side> sides)
      throws MalformedFrameException {
    long bytes = activations.bytes();
    for (AnnouncedPayload.Side side : sides) {
      bytes += side.spec().bytes();
      if (bytes < 0) {
        throw new MalformedFrameException(
            "side_inputs", "more bytes altogether than can be counted");
      }
    }
    return bytes;
  }

  private static Body body(PayloadHeader wire, long bytes) throws MalformedFrameException {
    ByteString inline = wire.getInline();
    int chunks = Fields.unsigned("chunk_count", wire.getChunkCount());
    if (wire.hasShared() || wire.getUcx()) {
      String which = wire.hasShared() ? "shared" : "ucx";
      if (!inline.isEmpty() || chunks > 0) {
        throw new MalformedFrameException(
            which, "beside %d bytes and %d chunks".formatted(inline.size(), chunks));
      }
      if (wire.getUcx() && (wire.hasShared() || bytes == 0)) {
        throw new MalformedFrameException(
            "ucx", bytes == 0 ? "there are no bytes to come" : "beside a handle");
      }
      if (wire.getUcx()) {
        return new Body.ByUcx();
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
