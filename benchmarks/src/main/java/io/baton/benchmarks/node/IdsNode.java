package io.baton.benchmarks.node;

import io.baton.client.sidecar.ChunkAddress;
import io.baton.client.sidecar.ChunkPosition;
import io.baton.client.sidecar.ReceivedChunk;
import io.baton.client.sidecar.ReceiverConfig;
import io.baton.client.sidecar.SenderConfig;
import io.baton.client.sidecar.SidecarClient;
import io.baton.client.sidecar.SidecarOptions;
import io.baton.client.sidecar.SidecarReceiver;
import io.baton.client.sidecar.SidecarSender;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.session.exchange.Destination;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.Endpoint;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Sends small objects, each under an id that was never used before, through one relay to a reader;
 * all are threads of this process, so that what is live on its heap is what all of them keep.
 */
final class IdsNode implements Node {

  private final Relay relay;
  private final SidecarClient sending;
  private final SidecarClient receiving;
  private final SidecarSender sender;
  private final SidecarReceiver receiver;
  private final String format;
  private int inFlight = 1;
  private long number;

  IdsNode(Settings settings) throws Exception {
    Path socket = settings.path("socket");
    format = "%0" + settings.number("id-bytes") + "d";
    relay =
        Relay.start(
            RelayConfig.of("bench", Endpoint.tcp("127.0.0.1", 0))
                .withProcessSocket(new Endpoint.Unix(socket))
                .withDataPlane(
                    RelayConfig.DataPlane.DEFAULT
                        .withPoolBytes(settings.bytes("pool"))
                        .withLanes(List.of(LaneKind.LOCAL))));
    sending = SidecarClient.connect(socket, SidecarOptions.of("sender"));
    receiving = SidecarClient.connect(socket, SidecarOptions.of("reader"));
    sender = sending.sender(SenderConfig.alone("sender"));
    receiver = receiving.receiver(ReceiverConfig.alone(ReaderNode.GROUP));
    CompletableFuture.allOf(sender.registered(), receiver.registered())
        .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
  }

  @Override
  public void begin(Workload workload) {
    inFlight = workload.inFlight();
  }

  @Override
  public Sent send(Duration time, int most) throws Exception {
    Window window = new Window(inFlight);
    long began = System.nanoTime();
    for (int sent = 0; sent < most; sent++) {
      window.acquire();
      var _ = one(number++).whenComplete((_, error) -> window.release(error));
    }
    window.awaitAll();
    return Sent.since(began, most);
  }

  private CompletableFuture<?> one(long each) {
    String id = format.formatted(each);
    CompletableFuture<?> sent =
        sender.sendObject(
            ChunkAddress.of(id, ChunkPosition.ONLY, Destination.here(ReaderNode.GROUP)), each);
    return receiver
        .receive(id, 0)
        .thenAccept(chunk -> ((ReceivedChunk) chunk).close())
        .runAfterBoth(sent, () -> {});
  }

  /** What is live on the heap, in bytes. */
  @Override
  public String report() {
    System.gc();
    return Long.toString(ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
  }

  @Override
  public void close() {
    sending.close();
    receiving.close();
    relay.close();
  }
}
