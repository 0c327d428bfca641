package io.baton.benchmarks.soak;

import io.baton.client.sidecar.SidecarClient;
import io.baton.client.sidecar.SidecarOptions;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.session.exchange.Destination;
import io.baton.session.exchange.Member;
import io.baton.simulations.proxy.DelayingProxy;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.BindFailedException;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.pinned.PoolUsage;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.stream.Backoff;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Two relays, each as if on a host of its own with a process that stays, and one lane between them
 * whose links go through proxies. Relays may restart and links break while others send: {@link
 * #excuses} says whom that may have hit.
 */
final class Pair implements AutoCloseable {

  static final int HOSTS = 2;

  /** How long those that reconnect, and memory that a lost peer may still read, may take. */
  private static final Duration AFTERMATH = Duration.ofSeconds(8);

  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final double HISTORY_SHARE = 0.1;

  private final LaneKind lane;
  private final Path directory;
  private final RelayConfig.DataPlane dataPlane;
  private final List<Relay> relays = new ArrayList<>();
  private final List<DelayingProxy> ways = new ArrayList<>();
  private final List<SidecarClient> clients = new ArrayList<>();
  private int troubles;
  private long troubledUntil = System.nanoTime() - AFTERMATH.toNanos();

  private Pair(LaneKind lane, Path directory, Path pools, long poolBytes) {
    this.lane = lane;
    this.directory = directory;
    this.dataPlane =
        RelayConfig.DataPlane.DEFAULT
            .withPoolDirectory(pools)
            .withPoolBytes(poolBytes)
            .withHistoryShare(HISTORY_SHARE)
            .withLanes(List.of(lane));
  }

  /**
   * @param directory for sockets
   * @param pools a directory of a file system in memory
   */
  static Pair start(LaneKind lane, Path directory, Path pools, long poolBytes) throws IOException {
    Pair pair = new Pair(lane, directory, pools, poolBytes);
    for (int host = 0; host < HOSTS; host++) {
      Relay relay = pair.startRelay(host, Endpoint.tcp("127.0.0.1", 0));
      pair.relays.add(relay);
      pair.ways.add(DelayingProxy.start(address(relay), Duration.ZERO));
      pair.clients.add(pair.newClient(host, "resident"));
    }
    return pair;
  }

  private static InetSocketAddress address(Relay relay) {
    if (relay.endpoint() instanceof Endpoint.Tcp(var address)) {
      return new InetSocketAddress(address.host(), address.port());
    }
    throw new IllegalStateException(relay.endpoint() + " has no port");
  }

  private Relay startRelay(int host, Endpoint listen) throws IOException {
    return Relay.start(
        RelayConfig.of(name(host), listen)
            .withProcessSocket(new Endpoint.Unix(socket(host)))
            .withDataPlane(dataPlane));
  }

  private String name(int host) {
    return "soak-%s-%d".formatted(lane.name().toLowerCase(Locale.ROOT), host);
  }

  private Path socket(int host) {
    return directory.resolve(name(host) + ".sock");
  }

  LaneKind lane() {
    return lane;
  }

  /** The process of that host that stays. */
  SidecarClient client(int host) {
    return clients.get(host);
  }

  /** Another process of that host, which the caller closes. */
  SidecarClient newClient(int host, String name) {
    return SidecarClient.connect(
        socket(host),
        SidecarOptions.of(name)
            .withBackoff(new Backoff(Duration.ofMillis(20), Duration.ofMillis(500), 0.5)));
  }

  /**
   * A group, whose members by rank are on these hosts, as one on the host {@code from} names it.
   */
  Destination group(String name, int from, List<Integer> hosts) {
    List<Member> members = new ArrayList<>();
    for (int rank = 0; rank < hosts.size(); rank++) {
      int host = hosts.get(rank);
      members.add(
          new Member(
              rank,
              host == from ? Optional.empty() : Optional.of(hostPort(ways.get(host).address()))));
    }
    return new Destination(name, members);
  }

  private static String hostPort(InetSocketAddress address) {
    return address.getAddress().getHostAddress() + ":" + address.getPort();
  }

  /** The way to that host is gone for so long. */
  void sever(int host, Duration outage) {
    trouble();
    try {
      ways.get(host).refuse(true);
      ways.get(host).cut();
      LockSupport.parkNanos(outage.toNanos());
    } finally {
      ways.get(host).refuse(false);
      over();
    }
  }

  /** The relay of that host dies, and comes back as another at the same address. */
  void restart(int host) throws IOException {
    trouble();
    try {
      Relay old = relay(host);
      old.close();
      Relay anew = startAgain(host, old.endpoint());
      synchronized (relays) {
        relays.set(host, anew);
      }
    } finally {
      over();
    }
  }

  /** Somebody's own connection may have been given the port meanwhile. */
  private Relay startAgain(int host, Endpoint listen) throws IOException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      try {
        return startRelay(host, listen);
      } catch (BindFailedException e) {
        if (System.nanoTime() - deadline > 0) {
          throw e;
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
      }
    }
  }

  private synchronized void trouble() {
    troubles++;
  }

  private synchronized void over() {
    troubles--;
    troubledUntil = System.nanoTime() + AFTERMATH.toNanos();
  }

  /** Whether what began then may have failed for a relay or a link that was lost. */
  synchronized boolean excuses(long beganNanos) {
    return troubles > 0 || beganNanos - troubledUntil < 0;
  }

  private Relay relay(int host) {
    synchronized (relays) {
      return relays.get(host);
    }
  }

  private PoolUsage usage(int host) {
    return relay(host).pool().usage();
  }

  /** Bytes in both pools. */
  long poolBytes() {
    return usage(0).total().bytes() + usage(1).total().bytes();
  }

  /** The same without history, which is kept for nobody. */
  long heldBytes() {
    long held = poolBytes();
    for (int host = 0; host < HOSTS; host++) {
      PoolUsage.Amount history = usage(host).byUse().get(PoolUse.HISTORY);
      held -= history == null ? 0 : history.bytes();
    }
    return held;
  }

  /**
   * Waits until nobody holds anything.
   *
   * @throws SoakFailure if somebody does
   */
  void awaitDrained() throws SoakFailure {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (heldBytes() > 0) {
      if (System.nanoTime() - deadline > 0) {
        throw new SoakFailure("%s: bytes are left, %s and %s".formatted(lane, usage(0), usage(1)));
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
  }

  @Override
  public void close() {
    clients.forEach(SidecarClient::close);
    relays.forEach(Relay::close);
    ways.forEach(DelayingProxy::close);
  }
}
