package io.baton.proto.codec;

import io.baton.session.model.Digest;
import io.baton.session.model.TensorSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What a sender says that a payload is. Nothing here has been compared with its bytes yet.
 *
 * @param sideInputs in the order of their bytes
 * @param digest as claimed by the sender; absent between a relay and its own executor
 * @param bytes of all the tensors together
 */
public record PayloadOutline(
    TensorSpec activations, List<Side> sideInputs, Optional<Digest> digest, long bytes) {

  /** A side input that is announced. */
  public record Side(String name, TensorSpec spec) {}

  public PayloadOutline {
    sideInputs = List.copyOf(sideInputs);
  }

  /** Types and shapes of the side inputs by their names. */
  public Map<String, TensorSpec> sideSpecs() {
    return sideInputs.stream().collect(Collectors.toMap(Side::name, Side::spec));
  }
}
