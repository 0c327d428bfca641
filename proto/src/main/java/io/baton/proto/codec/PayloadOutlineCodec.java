package io.baton.proto.codec;

import com.google.protobuf.ByteString;
import io.baton.proto.v1.Digest;
import io.baton.proto.v1.SideInput;
import io.baton.proto.v1.TensorSpec;
import io.baton.session.model.Payload;
import io.baton.session.model.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What every announcement of a payload says of its tensors. */
public final class PayloadOutlineCodec {

  /**
   * The order of side inputs on the wire: that of the UTF-8 bytes of their names, which is not that
   * of {@link String#compareTo} where characters beyond the basic plane are involved.
   */
  private static final Comparator<ByteString> WIRE_ORDER =
      ByteString.unsignedLexicographicalComparator();

  private PayloadOutlineCodec() {}

  /** The tensors of a payload in the order in which their bytes travel. */
  public static List<Tensor> tensors(Payload payload) {
    List<Tensor> tensors = new ArrayList<>(1 + payload.sideInputs().size());
    tensors.add(payload.activations());
    sides(payload).forEach(side -> tensors.add(side.getValue()));
    return tensors;
  }

  static List<SideInput> sidesToWire(Payload payload) {
    List<SideInput> wire = new ArrayList<>(payload.sideInputs().size());
    for (Map.Entry<String, Tensor> side : sides(payload)) {
      wire.add(
          SideInput.newBuilder()
              .setName(side.getKey())
              .setSpec(TensorCodec.toWire(side.getValue().spec()))
              .build());
    }
    return wire;
  }

  /** Of the fields that announcements have in common. */
  static PayloadOutline fromWire(
      boolean hasActivations,
      TensorSpec activations,
      List<SideInput> sideInputs,
      boolean hasDigest,
      Digest digest)
      throws MalformedFrameException {
    io.baton.session.model.TensorSpec spec =
        Fields.nested("activations", hasActivations, activations, TensorCodec::fromWire);
    List<PayloadOutline.Side> sides = sidesFromWire(sideInputs);
    Optional<io.baton.session.model.Digest> claimed =
        hasDigest
            ? Optional.of(Fields.nested("digest", true, digest, DigestCodec::fromWire))
            : Optional.empty();
    return new PayloadOutline(spec, sides, claimed, bytes(spec, sides));
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

  private static List<PayloadOutline.Side> sidesFromWire(List<SideInput> wire)
      throws MalformedFrameException {
    Fields.atMost("side_inputs", wire.size(), StageCodec.MAX_SIDE_INPUTS);
    List<PayloadOutline.Side> sides = new ArrayList<>(wire.size());
    for (int i = 0; i < wire.size(); i++) {
      SideInput side = wire.get(i);
      sides.add(Fields.element("side_inputs", i, side, PayloadOutlineCodec::sideFromWire));
      if (i > 0 && WIRE_ORDER.compare(wire.get(i - 1).getNameBytes(), side.getNameBytes()) >= 0) {
        throw new MalformedFrameException(
            "side_inputs[" + i + "].name",
            Fields.quoted(side.getName()) + " is not after the one before it");
      }
    }
    return sides;
  }

  private static PayloadOutline.Side sideFromWire(SideInput wire) throws MalformedFrameException {
    String name =
        Fields.text(
            "name", wire.getNameBytes(), wire.getName(), StageCodec.MAX_SIDE_INPUT_NAME_BYTES);
    return new PayloadOutline.Side(
        name, Fields.nested("spec", wire.hasSpec(), wire.getSpec(), TensorCodec::fromWire));
  }

  private static long bytes(
      io.baton.session.model.TensorSpec activations, List<PayloadOutline.Side> sides)
      throws MalformedFrameException {
    long bytes = activations.bytes();
    for (PayloadOutline.Side side : sides) {
      bytes += side.spec().bytes();
      if (bytes < 0) {
        throw new MalformedFrameException(
            "side_inputs", "more bytes altogether than can be counted");
      }
    }
    return bytes;
  }
}
