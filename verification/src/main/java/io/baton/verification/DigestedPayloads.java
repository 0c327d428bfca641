package io.baton.verification;

import io.baton.session.model.Payload;
import io.baton.session.model.PayloadOperations;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import java.nio.ByteBuffer;
import java.util.List;

/** Cuts and joins payloads, with digests by one algorithm. Stateless. */
public final class DigestedPayloads implements PayloadOperations {

  private final PayloadDigester digester;

  public DigestedPayloads(PayloadDigester digester) {
    this.digester = digester;
  }

  /**
   * Copies the rows of all payloads, in order.
   *
   * @throws IllegalArgumentException if there are none, they have side inputs, or rows of different
   *     types or shapes
   */
  @Override
  public Payload concatenate(List<Payload> payloads) {
    if (payloads.isEmpty()) {
      throw new IllegalArgumentException("nothing to concatenate");
    }
    TensorSpec first = payloads.getFirst().activations().spec();
    int rows = 0;
    for (Payload payload : payloads) {
      if (!payload.sideInputs().isEmpty()) {
        throw new IllegalArgumentException("a payload with side inputs stands for itself");
      }
      TensorSpec spec = payload.activations().spec();
      if (!spec.equals(first.withRows(spec.rows()))) {
        throw new IllegalArgumentException("rows of %s after rows of %s".formatted(spec, first));
      }
      rows = Math.addExact(rows, spec.rows());
    }
    TensorSpec joined = first.withRows(rows);
    ByteBuffer data = ByteBuffer.allocate(Math.toIntExact(joined.bytes()));
    payloads.forEach(payload -> data.put(payload.activations().data()));
    return digester.payload(Tensor.wrap(joined, data.flip()));
  }

  @Override
  public Payload rows(Payload payload, int from, int count) {
    return digester.payload(payload.activations().rows(from, count), payload.sideInputs());
  }
}
