package io.baton.simulations.exchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.baton.client.sidecar.ReceiverConfig;
import io.baton.client.sidecar.SenderConfig;
import io.baton.client.sidecar.SidecarClient;
import io.baton.client.sidecar.SidecarOptions;
import io.baton.client.sidecar.SidecarReader;
import io.baton.client.sidecar.SidecarSender;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Member;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.Endpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Relays, each as if on a host of its own, with a socket for the processes of that host; between
 * them goes what the lane in question allows. Ends with a look for anything that is left.
 */
final class Hosts implements AutoCloseable {

  static final Duration PATIENCE = Duration.ofSeconds(20);

  private final Path directory;
  private final RelayConfig.DataPlane dataPlane;
  private final List<Relay> relays = new ArrayList<>();
  private final List<SidecarClient> clients = new ArrayList<>();

  private Hosts(Path directory, RelayConfig.DataPlane dataPlane) {
    this.directory = directory;
    this.dataPlane = dataPlane;
  }

  /** So many relays, with pools of 16 MiB, that keep no history. */
  static Hosts start(int count, LaneKind lane) throws IOException {
    return start(count, lane, 16 << 20);
  }

  static Hosts start(int count, LaneKind lane, long poolBytes) throws IOException {
    RelayConfig.DataPlane dataPlane =
        RelayConfig.DataPlane.DEFAULT
            .withPoolBytes(poolBytes)
            .withHistoryShare(0)
            .withLanes(List.of(lane));
    Hosts hosts = new Hosts(Files.createTempDirectory("baton-hosts"), dataPlane);
    for (int i = 0; i < count; i++) {
      hosts.relays.add(hosts.startRelay(i, Endpoint.tcp("127.0.0.1", 0)));
    }
    return hosts;
  }

  private Relay startRelay(int host, Endpoint listen) throws IOException {
    return Relay.start(
        RelayConfig.of("host-" + host, listen)
            .withProcessSocket(new Endpoint.Unix(socket(host)))
            .withDataPlane(dataPlane));
  }

  /** The relay dies, and comes back as another at the same address. */
  void restart(int host) throws IOException {
    Endpoint address = relays.get(host).endpoint();
    relays.get(host).close();
    relays.set(host, startRelay(host, address));
  }

  Relay relay(int host) {
    return relays.get(host);
  }

  /** Where processes of that host attach. */
  Path socket(int host) {
    return directory.resolve("host-%d.sock".formatted(host));
  }

  /** A process of the host whose relay has that socket. */
  private SidecarClient client(Path socket) {
    SidecarClient client =
        SidecarClient.connect(socket, SidecarOptions.of("process-" + clients.size()));
    clients.add(client);
    return client;
  }

  SidecarClient client(int host) {
    return client(socket(host));
  }

  SidecarSender sender(Path socket) {
    return client(socket).sender(SenderConfig.alone("sender-" + clients.size()));
  }

  SidecarSender sender(int host) {
    return sender(socket(host));
  }

  SidecarReader reader(Path socket, String group) {
    return client(socket).reader(ReceiverConfig.alone(group).withTimeout(PATIENCE));
  }

  SidecarReader reader(int host, String group) {
    return reader(host, group, 0);
  }

  SidecarReader reader(int host, String group, int rank) {
    return client(host).reader(ReceiverConfig.of(group, rank).withTimeout(PATIENCE));
  }

  /** A group whose members, by rank, are on these hosts. */
  Destination group(String name, int... hosts) {
    List<Member> members = new ArrayList<>();
    for (int rank = 0; rank < hosts.length; rank++) {
      String address = relays.get(hosts[rank]).endpoint().toString();
      members.add(new Member(rank, Optional.of(address)));
    }
    return new Destination(name, members);
  }

  /** Nothing of any pool is in use. */
  void assertDrained() {
    await()
        .atMost(PATIENCE)
        .pollInterval(Duration.ofMillis(10))
        .untilAsserted(
            () ->
                assertThat(relays)
                    .allSatisfy(
                        relay ->
                            assertThat(relay.pool().usage().total().bytes())
                                .as("%s: %s", relay.id().name(), relay.pool().usage())
                                .isZero()));
  }

  @Override
  public void close() throws IOException {
    try {
      clients.forEach(SidecarClient::close);
      assertDrained();
    } finally {
      relays.forEach(Relay::close);
      relays.forEach(relay -> assertThat(relay.pool().path()).doesNotExist());
      try (var files = Files.list(directory)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(directory);
    }
  }

  static byte[] bytes(int count, long seed) {
    byte[] bytes = new byte[count];
    new java.util.SplittableRandom(seed).nextBytes(bytes);
    return bytes;
  }

  static List<Integer> ranks(int... ranks) {
    return Arrays.stream(ranks).boxed().toList();
  }
}
