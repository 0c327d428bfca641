package io.baton.benchmarks.node;

import io.baton.session.model.RelayId;
import io.baton.transport.Budget;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.BoundServer;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.ServerSettings;
import io.baton.transport.grpc.Servers;
import io.baton.transport.payload.TrafficCounter;
import io.baton.transport.peer.OfferReceiver;
import io.baton.transport.peer.PeerConfig;
import io.baton.transport.peer.PeerHost;
import io.baton.transport.peer.PeerLimits;
import io.baton.transport.peer.PeerLink;
import io.baton.transport.peer.PeerListener;
import io.baton.transport.peer.PeerService;
import io.baton.transport.peer.PushReceiver;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.ucx.UcxConfig;
import io.baton.transport.ucx.UcxHub;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** What a relay has for its links to others, and nothing else of it. */
final class LinkParty implements AutoCloseable {

  private final LaneKind lane;
  private final PinnedPool pool;
  private final Optional<UcxHub> ucx;
  private final EventLoops loops = EventLoops.start("baton-io-bench", 1);
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final PeerHost host;
  private final PeerService service;
  private final BoundServer server;
  private @Nullable PeerLink link;

  LinkParty(Settings settings, PushReceiver pushes, OfferReceiver offers) throws Exception {
    lane = LaneKind.valueOf(settings.get("lane"));
    long poolBytes = settings.bytes("pool");
    pool = PinnedPool.create(PoolConfig.of("bench", poolBytes));
    ucx =
        lane == LaneKind.UCX
            ? Optional.of(UcxHub.start(UcxConfig.withDefaults("bench"), pool))
            : Optional.empty();
    host =
        new PeerHost(
            new RelayId("bench", ProcessHandle.current().pid()),
            pool,
            ucx,
            new PeerHost.Traffic(new TrafficCounter(), new TrafficCounter()),
            loops,
            new Budget(poolBytes),
            new Budget(poolBytes),
            timer);
    service =
        new PeerService(
            host, List.of(lane), PeerLimits.DEFAULT, new PeerService.Receivers(pushes, offers));
    server =
        Servers.start(
            loops,
            Endpoint.tcp("127.0.0.1", 0),
            ServerSettings.direct(InsecureServerCredentials.create()),
            List.of(service));
  }

  PinnedPool pool() {
    return pool;
  }

  String address() {
    return server.endpoint().toString();
  }

  /** Begins to connect, and returns without waiting for it. */
  PeerLink open(String address, PeerListener listener) {
    PeerLink opened =
        PeerLink.open(
            address,
            host,
            PeerConfig.withDefaults(InsecureChannelCredentials.create()).withLanes(List.of(lane)),
            listener,
            new SplittableRandom(1));
    link = opened;
    return opened;
  }

  /** Waits for the lane, as UCX is used when a first message has got through. */
  void awaitLane(PeerLink opened) {
    long deadline = System.nanoTime() + Node.PATIENCE.toNanos();
    while (opened.lane() != lane && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }
  }

  /** By which lane bytes go from here. */
  String report() {
    return link == null ? "" : link.lane().name();
  }

  @Override
  public void close() {
    if (link != null) {
      link.close();
    }
    service.close();
    server.close();
    timer.shutdownNow();
    loops.close();
    ucx.ifPresent(UcxHub::close);
    pool.close();
  }
}
