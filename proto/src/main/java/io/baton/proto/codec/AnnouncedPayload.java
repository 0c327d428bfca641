package io.baton.proto.codec;

import com.google.protobuf.ByteString;
import io.baton.session.model.Digest;
import io.baton.session.model.TensorSpec;
import java.util.List;
import java.util.Optional;

/**
 * A checked PayloadHeader: what a sender says that it is about to send. Nothing here has been
 * compared with the bytes yet.
 *
 * @param sideInputs in the order of their bytes
 * @param digest as claimed by the sender; absent between a relay and its own executor
 * @param bytes of all the tensors together
 * @param inline all the bytes, or none if they follow in chunks
 * @param chunkCount number of chunks that follow; 0 if the bytes are inline
 */
public record AnnouncedPayload(
    TensorSpec activations,
    List<Side> sideInputs,
    Optional<Digest> digest,
    long bytes,
    ByteString inline,
    int chunkCount,
    long dataId) {

  /** A side input that is announced. */
  public record Side(String name, TensorSpec spec) {}

  public AnnouncedPayload {
    sideInputs = List.copyOf(sideInputs);
  }
}
