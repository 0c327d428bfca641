package io.baton.simulations.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.baton.client.sidecar.SidecarClient;
import io.baton.client.sidecar.SidecarOptions;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.stream.Backoff;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A relay and clients of it, in this process. Closing it checks that nothing is left: no byte in
 * use, no file of shared memory, no thread.
 */
final class Host implements AutoCloseable {

  /** What no healthy run comes near. */
  static final Duration DEADLINE = Duration.ofSeconds(30);

  static final long POOL_BYTES = 16L << 20;

  private final RelayConfig config;
  private final Path pools;
  private final Path socket;
  private final List<SidecarClient> clients = new ArrayList<>();
  private Relay relay;

  private Host(Path directory, String name, long poolBytes) throws IOException {
    this.pools = directory.resolve(name + "-pools");
    Files.createDirectory(pools);
    this.socket = directory.resolve(name + ".sock");
    this.config =
        RelayConfig.of(name, Endpoint.tcp("127.0.0.1", 0))
            .withProcessSocket(new Endpoint.Unix(socket))
            .withDataPlane(
                new RelayConfig.DataPlane(
                    poolBytes, pools, 0.5, 0, List.of(LaneKind.LOCAL, LaneKind.GRPC), false));
    this.relay = Relay.start(config);
  }

  static Host start(Path directory) throws IOException {
    return start(directory, POOL_BYTES);
  }

  static Host start(Path directory, long poolBytes) throws IOException {
    return new Host(directory, "host", poolBytes);
  }

  Path socket() {
    return socket;
  }

  Relay relay() {
    return relay;
  }

  /** A client, as of a process of its own. */
  SidecarClient client(String name) throws Exception {
    SidecarClient client =
        SidecarClient.connect(
            socket,
            SidecarOptions.of(name)
                .withBackoff(new Backoff(Duration.ofMillis(10), Duration.ofMillis(100), 0.5)));
    clients.add(client);
    client.connected().get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
    return client;
  }

  /** The relay stops and starts anew, with an empty pool. */
  void restart() throws IOException {
    relay.close();
    relay = Relay.start(config);
  }

  /** Bytes in the pool. It keeps no history: all are held by somebody, or waited for. */
  long usedBytes() {
    return relay.pool().usage().total().bytes();
  }

  void awaitDrained() {
    await()
        .atMost(DEADLINE)
        .untilAsserted(() -> assertThat(usedBytes()).as("%s", relay.pool().usage()).isZero());
  }

  @Override
  public void close() throws IOException {
    try {
      awaitDrained();
    } finally {
      clients.forEach(SidecarClient::close);
      relay.close();
    }
    try (Stream<Path> files = Files.list(pools)) {
      assertThat(files).as("shared memory").isEmpty();
    }
    await()
        .atMost(DEADLINE)
        .untilAsserted(
            () ->
                assertThat(
                        Thread.getAllStackTraces().keySet().stream()
                            .map(Thread::getName)
                            .filter(name -> name.startsWith("baton-")))
                    .as("threads")
                    .isEmpty());
  }
}
