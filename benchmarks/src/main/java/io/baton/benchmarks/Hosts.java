package io.baton.benchmarks;

import io.baton.client.sidecar.SidecarClient;
import io.baton.client.sidecar.SidecarOptions;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Member;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.lane.LaneKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Relays of this process, and clients that attach to them through their sockets. */
final class Hosts implements AutoCloseable {

  private final Path directory;
  private final List<Relay> relays = new ArrayList<>();
  private final List<SidecarClient> clients = new ArrayList<>();

  private Hosts(Path directory) {
    this.directory = directory;
  }

  static Hosts start(int count, List<LaneKind> lanes, long poolBytes) throws IOException {
    Hosts hosts = new Hosts(Files.createTempDirectory("baton-bench"));
    for (int host = 0; host < count; host++) {
      hosts.relays.add(
          Relay.start(
              RelayConfig.of("bench-" + host, Endpoint.tcp("127.0.0.1", 0))
                  .withExecutorSocket(new Endpoint.Unix(hosts.socket(host)))
                  .withDataPlane(
                      RelayConfig.DataPlane.DEFAULT.withPoolBytes(poolBytes).withLanes(lanes))));
    }
    return hosts;
  }

  private Path socket(int host) {
    return directory.resolve("host-%d.sock".formatted(host));
  }

  SidecarClient client(int host) {
    SidecarClient client =
        SidecarClient.connect(socket(host), SidecarOptions.of("process-" + clients.size()));
    clients.add(client);
    return client;
  }

  /** A group of one, on that host. */
  Destination group(String name, int host) {
    String address = relays.get(host).endpoint().toString();
    return new Destination(name, List.of(new Member(0, Optional.of(address))));
  }

  /** Of the links that the relay of that host has. */
  Map<String, LaneKind> lanesFrom(int host) {
    return relays.get(host).lanesTo().join();
  }

  @Override
  public void close() throws IOException {
    clients.forEach(SidecarClient::close);
    relays.forEach(Relay::close);
    Files.delete(directory);
  }
}
