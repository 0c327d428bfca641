package io.baton.examples;

import io.baton.client.sidecar.Received;
import io.baton.client.sidecar.ReceivedChunk;
import io.baton.client.sidecar.ReceiverConfig;
import io.baton.client.sidecar.SidecarClient;
import io.baton.client.sidecar.SidecarOptions;
import io.baton.client.sidecar.SidecarReader;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.time.Duration;

/** Reads the tensor that {@link Sender} sends, whoever of the two starts first: {@code SOCKET}. */
public final class Reader {

  private Reader() {}

  public static void main(String[] args) throws Exception {
    try (SidecarClient client =
            SidecarClient.connect(Path.of(args[0]), SidecarOptions.of("decoder"));
        SidecarReader reader = client.reader(ReceiverConfig.alone("decoders"))) {
      switch (reader.receive("utterance-7", 0, Duration.ofSeconds(30))) {
        // Closing marks it done, and the relay may use its slot again.
        case ReceivedChunk chunk -> {
          try (chunk) {
            FloatBuffer numbers = chunk.tensor().floats();
            float sum = 0;
            while (numbers.hasRemaining()) {
              sum += numbers.get();
            }
            System.out.printf("read %s, sum %.1f%n", chunk.tensor().spec(), sum);
          }
        }
        case Received.EndOfStream(int chunks) ->
            throw new IllegalStateException("a stream of " + chunks + " chunks");
      }
    }
  }
}
