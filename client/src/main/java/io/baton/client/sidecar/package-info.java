/**
 * Sending and receiving tensors and objects through the relay of this host. Bytes lie in the
 * relay's pool, which is mapped into every process that takes part: a tensor is written where it is
 * read, and what goes over the socket is where it lies.
 *
 * <p>One process sends a tensor of one row, and another reads it:
 *
 * <pre>{@code
 * // The sender.
 * try (SidecarClient client =
 *         SidecarClient.connect(Path.of("/run/baton/a.sock"), SidecarOptions.of("encoder"));
 *     SidecarSender sender = client.sender(SenderConfig.alone("encoder"))) {
 *   TensorSpec spec = TensorSpec.of(DType.F32, 1, 4096);
 *   Destination decoders = Destination.here("decoders");
 *   try (OutgoingTensor tensor = sender.allocate(spec, List.of(decoders)).get(10, SECONDS)) {
 *     tensor.buffer().asFloatBuffer().put(activations);
 *     tensor.send("utterance-7", ChunkPosition.ONLY).get(10, SECONDS);
 *   }
 * }
 *
 * // The reader.
 * try (SidecarClient client =
 *         SidecarClient.connect(Path.of("/run/baton/a.sock"), SidecarOptions.of("decoder"));
 *     SidecarReader reader = client.reader(ReceiverConfig.alone("decoders"))) {
 *   switch (reader.receive("utterance-7", 0, Duration.ofSeconds(10))) {
 *     case ReceivedChunk chunk -> {
 *       try (chunk) {
 *         decode(chunk.tensor().floats());
 *       }
 *     }
 *     case Received.EndOfStream(int count) -> throw new IllegalStateException("empty");
 *   }
 * }
 * }</pre>
 */
@NullMarked
package io.baton.client.sidecar;

import org.jspecify.annotations.NullMarked;
