package io.baton.benchmarks.node;

import io.baton.client.sidecar.ChunkPosition;
import io.baton.client.sidecar.OutgoingTensor;
import io.baton.client.sidecar.SenderConfig;
import io.baton.client.sidecar.SidecarClient;
import io.baton.client.sidecar.SidecarOptions;
import io.baton.client.sidecar.SidecarSender;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Member;
import io.baton.session.model.DType;
import io.baton.session.model.TensorSpec;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Sends tensors, each under an id of its own. Memory for the next ones is asked for ahead, so that
 * a sender that has several in flight does not wait for each in turn.
 */
final class SenderNode implements Node {

  private final SidecarClient client;
  private final SidecarSender sender;
  private final Destination to;
  private final Deque<CompletableFuture<OutgoingTensor>> ahead = new ArrayDeque<>();
  private final Receipts receipts;
  private volatile Window window = new Window(1);
  private Workload workload = new Workload(Message.MIN_BYTES, 1, false);
  private long number;

  SenderNode(Settings settings) throws Exception {
    client = SidecarClient.connect(settings.path("socket"), SidecarOptions.of("sender"));
    sender = client.sender(SenderConfig.alone("sender").withTimeout(ReaderNode.PATIENT));
    sender.registered().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    to =
        settings.has("to")
            ? new Destination(
                ReaderNode.GROUP, List.of(new Member(0, Optional.of(settings.get("to")))))
            : Destination.here(ReaderNode.GROUP);
    receipts = Receipts.connect(settings.path("receipts"), () -> window.release(null));
  }

  @Override
  public void begin(Workload next) {
    workload = next;
    while (ahead.size() < workload.inFlight()) {
      ahead.add(allocate());
    }
  }

  private CompletableFuture<OutgoingTensor> allocate() {
    return sender.allocate(TensorSpec.of(DType.U8, workload.bytes()), List.of(to));
  }

  @Override
  public Sent send(Duration time, int most) throws Exception {
    Window open = new Window(workload.inFlight());
    window = open;
    long began = System.nanoTime();
    long sent = 0;
    while (sent < most && System.nanoTime() - began < time.toNanos()) {
      open.acquire();
      OutgoingTensor tensor = ahead.remove().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      Message.write(tensor.memory(), number, workload.whole());
      var _ =
          tensor
              .send(ReaderNode.id(number), ChunkPosition.ONLY)
              .whenComplete((_, error) -> open.check(error));
      number++;
      sent++;
      ahead.add(allocate());
    }
    open.awaitAll();
    return Sent.since(began, sent);
  }

  @Override
  public void close() throws IOException {
    client.close();
    receipts.close();
  }
}
