package io.baton.transport.payload;

import io.baton.proto.codec.PayloadOutline;
import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.verification.PayloadDigester;
import java.nio.ByteBuffer;
import java.util.TreeMap;

/** Makes a payload of what was said of it and its bytes. */
public final class PayloadJoiner {

  private PayloadJoiner() {}

  /** With the digest that the bytes have, whatever was claimed. */
  public static Payload join(PayloadOutline outline, Digest.Algorithm algorithm, ByteBuffer bytes) {
    Tensor activations = next(outline.activations(), bytes);
    TreeMap<String, Tensor> sides = new TreeMap<>();
    outline.sideInputs().forEach(side -> sides.put(side.name(), next(side.spec(), bytes)));
    return new PayloadDigester(algorithm).payload(activations, sides);
  }

  private static Tensor next(TensorSpec spec, ByteBuffer bytes) {
    int length = Math.toIntExact(spec.bytes());
    Tensor tensor = Tensor.wrap(spec, bytes.slice(bytes.position(), length));
    bytes.position(bytes.position() + length);
    return tensor;
  }
}
