package io.baton.session.model;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What travels from one stage to the next in a step: the activations of its tokens, one row a
 * token, the side inputs that belong to this step (such as the reordering of beams), and the digest
 * over all of it, as computed by whoever made or received the bytes, never as claimed by a sender.
 *
 * <p>Payloads are equal when their digests and the shapes of their activations are.
 */
public record Payload(Tensor activations, SortedMap<String, Tensor> sideInputs, Digest digest) {

  public Payload {
    sideInputs =
        sideInputs.isEmpty()
            ? Collections.emptySortedMap()
            : Collections.unmodifiableSortedMap(new TreeMap<>(sideInputs));
  }

  /** Number of tokens whose activations this holds. */
  public int tokens() {
    return activations.spec().rows();
  }

  /** Bytes of all tensors. */
  public long bytes() {
    long bytes = activations.spec().bytes();
    for (Tensor side : sideInputs.values()) {
      bytes += side.spec().bytes();
    }
    return bytes;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Payload that
        && digest.equals(that.digest)
        && activations.spec().equals(that.activations.spec());
  }

  @Override
  public int hashCode() {
    return digest.hashCode();
  }

  @Override
  public String toString() {
    return activations.spec() + "#" + digest;
  }
}
