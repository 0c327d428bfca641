package io.baton.proto.codec;

import com.google.protobuf.ByteString;
import io.baton.session.model.Digest;
import io.baton.session.model.TensorSpec;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A checked PayloadHeader: what a sender says that it is about to send. Nothing here has been
 * compared with the bytes yet.
 *
 * @param sideInputs in the order of their bytes
 * @param digest as claimed by the sender; absent between a relay and its own executor
 * @param bytes of all the tensors together
 * @param body where these bytes are
 * @param dataId names the payload on its stream, unless it is inline
 */
public record AnnouncedPayload(
    TensorSpec activations,
    List<Side> sideInputs,
    Optional<Digest> digest,
    long bytes,
    Body body,
    long dataId) {

  /** A side input that is announced. */
  public record Side(String name, TensorSpec spec) {}

  /** Where the bytes of a payload are. */
  public sealed interface Body {

    /** In the announcement itself. */
    record Inline(ByteString bytes) implements Body {}

    /** In that many chunks, at least one, which follow. */
    record Chunks(int count) implements Body {}

    /** In a slot of the sender's pool. */
    record Shared(long pool, long offset, long generation) implements Body {}

    /** They come by UCX, earlier or later. */
    record ByUcx() implements Body {}
  }

  public AnnouncedPayload {
    sideInputs = List.copyOf(sideInputs);
  }

  /** Types and shapes of the side inputs by their names. */
  public Map<String, TensorSpec> sideSpecs() {
    return sideInputs.stream().collect(Collectors.toMap(Side::name, Side::spec));
  }
}
