package io.baton.benchmarks.node;

import io.baton.client.sidecar.Received;
import io.baton.client.sidecar.ReceivedChunk;
import io.baton.client.sidecar.ReceiverConfig;
import io.baton.client.sidecar.SidecarClient;
import io.baton.client.sidecar.SidecarOptions;
import io.baton.client.sidecar.SidecarReceiver;
import java.io.IOException;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Receives what a {@link SenderNode} sends: it has asked for it before it comes. */
final class ReaderNode implements Node {

  static final String GROUP = "readers";

  /** Others are measured in between. */
  static final Duration PATIENT = Duration.ofHours(6);

  private final SidecarClient client;
  private final SidecarReceiver receiver;
  private final Latencies latencies = new Latencies();
  private final AtomicLong asked = new AtomicLong();
  private final ServerSocketChannel sender;
  private @Nullable Receipts receipts;
  private volatile boolean whole;
  private int ahead;

  ReaderNode(Settings settings) throws Exception {
    client = SidecarClient.connect(settings.path("socket"), SidecarOptions.of("reader"));
    receiver = client.receiver(ReceiverConfig.alone(GROUP).withTimeout(PATIENT));
    receiver.registered().get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    sender = Receipts.listen(settings.path("receipts"));
  }

  /** Of a datum, by its number. */
  static String id(long number) {
    return "message-" + number;
  }

  @Override
  public void begin(Workload workload) throws IOException {
    if (receipts == null) {
      receipts = Receipts.accept(sender);
    }
    whole = workload.whole();
    for (; ahead < workload.inFlight(); ahead++) {
      receiveNext();
    }
  }

  private void receiveNext() {
    var _ = receiver.receive(id(asked.getAndIncrement()), 0).thenAccept(this::received);
  }

  private void received(Received received) {
    try (ReceivedChunk chunk = (ReceivedChunk) received) {
      latencies.add(Message.sentNanos(chunk.memory(), whole));
    } catch (IllegalStateException e) {
      latencies.fail(e);
    }
    receiveNext();
    Receipts told = receipts;
    if (told != null) {
      told.give();
    }
  }

  @Override
  public Latencies latencies() {
    return latencies;
  }

  @Override
  public void close() throws IOException {
    client.close();
    sender.close();
    if (receipts != null) {
      receipts.close();
    }
  }
}
