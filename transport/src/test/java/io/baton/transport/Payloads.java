package io.baton.transport;

import io.baton.session.model.DType;
import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.verification.PayloadDigester;
import java.util.Random;
import java.util.TreeMap;

/** Payloads drawn from a seed. */
public final class Payloads {

  private static final PayloadDigester DIGESTER = new PayloadDigester(Digest.Algorithm.SHA256);

  private Payloads() {}

  /** One row of bytes. */
  public static Payload ofBytes(long seed, int bytes) {
    return DIGESTER.payload(tensor(new Random(seed), TensorSpec.of(DType.U8, 1, bytes)));
  }

  /** A payload with side inputs: a scalar, an empty one and one of a few rows. */
  public static Payload withSideInputs(long seed, int bytes) {
    Random random = new Random(seed);
    TreeMap<String, Tensor> sides = new TreeMap<>();
    sides.put("beam_order", tensor(random, TensorSpec.of(DType.I32, 4)));
    sides.put("scale", tensor(random, TensorSpec.of(DType.F64)));
    sides.put("none", tensor(random, TensorSpec.of(DType.BF16, 0, 7)));
    // These two sort one way by their UTF-8 and the other way as Java strings.
    sides.put("\uFF5E", tensor(random, TensorSpec.of(DType.U8, 3)));
    sides.put("\uD83D\uDE00", tensor(random, TensorSpec.of(DType.U8, 5)));
    return DIGESTER.payload(tensor(random, TensorSpec.of(DType.U8, 1, bytes)), sides);
  }

  /** No tokens: a legal step. */
  public static Payload empty() {
    return DIGESTER.payload(tensor(new Random(0), TensorSpec.of(DType.F32, 0, 16)));
  }

  private static Tensor tensor(Random random, TensorSpec spec) {
    byte[] bytes = new byte[Math.toIntExact(spec.bytes())];
    random.nextBytes(bytes);
    return Tensor.wrap(spec, bytes);
  }
}
