package io.baton.benchmarks.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.ManagedChannel;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What Baton is measured by moves the bytes that it is said to move, all of them and unchanged. */
class FloorsTest {

  @TempDir private Path directory = Path.of(".");

  /** The source first. */
  private final List<Node> nodes = new ArrayList<>();

  @AfterEach
  void closeNodes() throws Exception {
    for (Node node : nodes) {
      node.close();
    }
    assertThat(directory).isEmptyDirectory();
  }

  private <N extends Node> N add(N node) {
    nodes.addFirst(node);
    return node;
  }

  private Settings settings(NodeKind kind, String socket) {
    return Settings.of(kind).with("socket", directory.resolve(socket));
  }

  private Latencies sockets(int relays, boolean shared) throws Exception {
    Settings source = Settings.of(NodeKind.SOCKET_SOURCE);
    Settings sink = settings(NodeKind.SOCKET_SINK, "sink");
    if (shared) {
      source = source.with("file", directory.resolve("shared"));
      sink = sink.with("file", directory.resolve("shared"));
    }
    Latencies latencies = add(new SocketSink(sink)).latencies();
    for (int i = 0; i < relays; i++) {
      add(
          new SocketRelay(
              settings(NodeKind.SOCKET_RELAY, "relay" + i)
                  .with("next", nodes.getFirst().address())));
    }
    add(new SocketSource(source.with("next", nodes.getFirst().address())));
    return latencies;
  }

  private Latencies streams(int relays) throws Exception {
    Settings sink = Settings.of(NodeKind.STREAM_SINK);
    Latencies latencies =
        add(new StreamSink(
                sink.with("listen", relays == 0 ? "tcp" : "unix:" + directory.resolve("sink"))))
            .latencies();
    for (int i = 0; i < relays; i++) {
      add(
          new StreamRelay(
              Settings.of(NodeKind.STREAM_RELAY)
                  .with("listen", "unix:" + directory.resolve("relay" + i))
                  .with("next", nodes.getFirst().address())));
    }
    add(
        new StreamSource(
            Settings.of(NodeKind.STREAM_SOURCE).with("next", nodes.getFirst().address())));
    return latencies;
  }

  private void assertAllCome(Latencies latencies, Workload workload) throws Exception {
    int messages = Math.clamp((1 << 20) / workload.bytes(), 5, 200);
    for (int go = 1; go <= 2; go++) {
      latencies.clear();
      for (Node node : nodes) {
        node.begin(workload);
      }
      Sent sent = nodes.getFirst().send(Duration.ofSeconds(30), messages);

      assertThat(sent.messages()).isEqualTo(messages);
      Latencies.Summary all = latencies.await(messages, 0);
      assertThat(all.count()).isEqualTo(messages);
      assertThat(all.p50()).isPositive().isLessThanOrEqualTo(all.p99());
      assertThat(all.last()).isBetween(sent.began(), sent.ended());
      for (Node node : nodes) {
        node.end();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, true, 8192, 1",
    "0, false, 8192, 1",
    "1, true, 32, 32",
    "1, false, 8191, 32",
    "2, false, 700001, 3"
  })
  void sockets_moveEveryByte(int relays, boolean shared, int bytes, int inFlight) throws Exception {
    assertAllCome(sockets(relays, shared), new Workload(bytes, inFlight, true));
  }

  @ParameterizedTest
  @CsvSource({"0, 8192, 1", "1, 32, 32", "2, 700001, 3"})
  void streams_moveEveryByte(int relays, int bytes, int inFlight) throws Exception {
    assertAllCome(streams(relays), new Workload(bytes, inFlight, true));
  }

  @Test
  void sink_otherBytesThanWereSent_failTheMeasurement() throws Exception {
    Latencies latencies = add(new StreamSink(tcpSink())).latencies();
    nodes.getFirst().begin(new Workload(64, 1, true));
    byte[] body = new byte[64];
    Message.write(MemorySegment.ofArray(body), 1, true);
    body[40]++;
    Streams streams = new Streams();
    ManagedChannel channel = streams.channel(nodes.getFirst().address());

    Streams.open(channel, (Streams.Hearing) _ -> {}).onNext(body);

    assertThatThrownBy(() -> latencies.await(1, Node.PATIENCE.toNanos()))
        .hasMessageContaining("byte 40 of message 1");
    channel.shutdownNow();
    streams.close();
  }

  private static Settings tcpSink() {
    return Settings.of(NodeKind.STREAM_SINK).with("listen", "tcp");
  }
}
