package io.baton.examples;

import static java.util.concurrent.TimeUnit.SECONDS;

import io.baton.client.sidecar.ChunkPosition;
import io.baton.client.sidecar.OutgoingTensor;
import io.baton.client.sidecar.SenderConfig;
import io.baton.client.sidecar.SidecarClient;
import io.baton.client.sidecar.SidecarOptions;
import io.baton.client.sidecar.SidecarSender;
import io.baton.session.exchange.Destination;
import io.baton.session.model.DType;
import io.baton.session.model.TensorSpec;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.List;

/** Sends one tensor of 2 x 3 numbers to the group "decoders" of the same relay: {@code SOCKET}. */
public final class Sender {

  private Sender() {}

  public static void main(String[] args) throws Exception {
    Destination decoders = Destination.here("decoders");
    try (SidecarClient client =
            SidecarClient.connect(Path.of(args[0]), SidecarOptions.of("encoder"));
        SidecarSender sender = client.sender(SenderConfig.alone("encoder"));
        OutgoingTensor tensor =
            sender.allocate(TensorSpec.of(DType.F32, 2, 3), List.of(decoders)).get(10, SECONDS)) {
      // Written where it will be read: the memory is a slot of the relay's pool.
      FloatBuffer numbers = tensor.buffer().asFloatBuffer();
      for (int i = 0; i < 6; i++) {
        numbers.put(i, i * 0.5f);
      }
      tensor.send("utterance-7", ChunkPosition.ONLY).get(10, SECONDS);
      System.out.println("sent utterance-7");
    }
  }
}
