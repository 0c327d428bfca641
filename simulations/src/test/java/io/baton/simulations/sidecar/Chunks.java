package io.baton.simulations.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.client.sidecar.Received;
import io.baton.client.sidecar.ReceivedChunk;
import io.baton.client.sidecar.SidecarException;
import io.baton.client.sidecar.SidecarReader;
import io.baton.session.exchange.Failure.Reason;
import io.baton.session.model.DType;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What tests do with chunks again and again. */
final class Chunks {

  private Chunks() {}

  /** A tensor whose bytes come from a seed. */
  static Tensor tensor(TensorSpec spec, long seed) {
    byte[] bytes = new byte[Math.toIntExact(spec.bytes())];
    new Random(seed).nextBytes(bytes);
    return Tensor.wrap(spec, bytes);
  }

  static Tensor bytes(int size, long seed) {
    return tensor(TensorSpec.of(DType.U8, size), seed);
  }

  static <T extends @Nullable Object> T get(CompletableFuture<T> future) throws Exception {
    return future.get(Host.DEADLINE.toSeconds(), TimeUnit.SECONDS);
  }

  static ReceivedChunk chunk(Received received) {
    assertThat(received).isInstanceOf(ReceivedChunk.class);
    return (ReceivedChunk) received;
  }

  /** Receives a tensor, compares it, and is done with it. */
  static void receives(SidecarReader reader, String id, int index, Tensor expected)
      throws Exception {
    try (ReceivedChunk chunk = chunk(reader.receive(id, index))) {
      assertThat(chunk.tensor()).isEqualTo(expected);
      chunk.verify();
    }
  }

  static Reason failure(CompletableFuture<?> future) throws Exception {
    try {
      Object value = future.get(Host.DEADLINE.toSeconds(), TimeUnit.SECONDS);
      throw new AssertionError("came to " + value);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof SidecarException why) {
        return why.reason();
      }
      throw e;
    }
  }
}
