package io.baton.transport.peer;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.baton.session.model.RelayId;
import io.baton.transport.Budget;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.BoundServer;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.grpc.ServerSettings;
import io.baton.transport.grpc.Servers;
import io.baton.transport.payload.TrafficCounter;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolException;
import io.baton.transport.stream.Backoff;
import io.baton.transport.stream.KeptStreamConfig;
import io.baton.transport.ucx.UcxConfig;
import io.baton.transport.ucx.UcxHub;
import io.baton.transport.ucx.UcxUnavailableException;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Two relays as far as links go, each with threads, a pool and, if asked for, UCX of its own. */
final class PeerRig implements AutoCloseable {

  /** Less than a link may have waiting, so that a link that is full has pushes of both ways. */
  private static final long POOL_BYTES = 10 << 20;

  private static final AtomicInteger RIGS = new AtomicInteger();

  private final String name = "rig" + RIGS.incrementAndGet();
  private final EventLoops sending = EventLoops.start(name + "-sending", 1);
  private final EventLoops receiving = EventLoops.start(name + "-receiving", 2);
  private final ScheduledThreadPoolExecutor timer =
      new ScheduledThreadPoolExecutor(1, task -> new Thread(task, name + "-timer"));
  private final LaneKind lane;
  private final PeerLimits limits;
  private final PinnedPool senderPool;
  private final PinnedPool receiverPool;
  private final Optional<UcxHub> senderUcx;
  private final PeerHost.Traffic sent = traffic();
  private Endpoint endpoint;
  private Optional<UcxHub> receiverUcx = Optional.empty();
  private PeerHost.Traffic received = traffic();
  private @Nullable PeerService service;
  private @Nullable BoundServer server;

  private PeerRig(Endpoint endpoint, LaneKind lane, PeerLimits limits) throws PoolException {
    this.endpoint = endpoint;
    this.lane = lane;
    this.limits = limits;
    this.senderUcx = ucx("sending");
    this.senderPool = pool("sender");
    this.receiverPool = pool("receiver");
    timer.setRemoveOnCancelPolicy(true);
  }

  /**
   * Payloads go by that lane, if both ends can.
   *
   * @throws org.opentest4j.TestAbortedException where there is no UCX, and it is asked for
   */
  static PeerRig of(LaneKind lane, Endpoint endpoint, PeerLimits limits) throws PoolException {
    return new PeerRig(endpoint, lane, limits);
  }

  static PeerRig of(LaneKind lane) throws PoolException {
    return of(lane, Endpoint.tcp("127.0.0.1", 0), PeerLimits.DEFAULT);
  }

  private static PinnedPool pool(String name) throws PoolException {
    return PinnedPool.create(PoolConfig.of(name, POOL_BYTES).withPushShare(1).withLock(false));
  }

  private static PeerHost.Traffic traffic() {
    return new PeerHost.Traffic(new TrafficCounter(), new TrafficCounter());
  }

  private Optional<UcxHub> ucx(String end) {
    return lane == LaneKind.UCX ? Optional.of(hub(name + "-" + end)) : Optional.empty();
  }

  static UcxHub hub(String name) {
    try {
      return UcxHub.start(UcxConfig.withDefaults(name).overTransports("tcp", "self"));
    } catch (UcxUnavailableException e) {
      assumeTrue(false, e.getMessage());
      throw new IllegalStateException(e);
    }
  }

  LaneKind lane() {
    return lane;
  }

  PinnedPool senderPool() {
    return senderPool;
  }

  PinnedPool receiverPool() {
    return receiverPool;
  }

  Optional<UcxHub> receiverUcx() {
    return receiverUcx;
  }

  /** What the sender has counted. */
  PeerHost.Traffic sent() {
    return sent;
  }

  /** What the receiver has counted since it was started. */
  PeerHost.Traffic received() {
    return received;
  }

  void start(RelayId self, PushReceiver pushes, OfferReceiver offers) throws Exception {
    receiverUcx = ucx("receiving");
    received = traffic();
    PeerHost host =
        new PeerHost(
            self,
            receiverPool,
            receiverUcx,
            received,
            receiving,
            new Budget(LaneConformance.QUEUE_BYTES),
            new Budget(LaneConformance.QUEUE_BYTES),
            timer);
    PeerService started =
        new PeerService(
            host, List.of(LaneKind.values()), limits, new PeerService.Receivers(pushes, offers));
    service = started;
    BoundServer bound =
        Servers.start(
            receiving,
            endpoint,
            ServerSettings.direct(InsecureServerCredentials.create()),
            List.of(started));
    server = bound;
    endpoint = bound.endpoint();
  }

  void stop() {
    PeerService started = service;
    BoundServer bound = server;
    if (started != null) {
      started.close();
    }
    if (bound != null) {
      bound.close();
    }
    receiverUcx.ifPresent(UcxHub::close);
    receiverUcx = Optional.empty();
  }

  ScheduledExecutorService timer() {
    return timer;
  }

  Endpoint endpoint() {
    return endpoint;
  }

  EventLoops sending() {
    return sending;
  }

  PeerService service() {
    return Objects.requireNonNull(service);
  }

  PeerLink open(RelayId self, long queueBytes, PeerListener listener) {
    return open(endpoint.toString(), self, queueBytes, listener);
  }

  PeerLink open(String address, RelayId self, long queueBytes, PeerListener listener) {
    PeerHost host =
        new PeerHost(
            self,
            senderPool,
            senderUcx,
            sent,
            sending,
            new Budget(queueBytes),
            new Budget(queueBytes),
            timer);
    List<LaneKind> lanes = lane == LaneKind.GRPC ? List.of(lane) : List.of(lane, LaneKind.GRPC);
    PeerConfig config =
        new PeerConfig(
            InsecureChannelCredentials.create(),
            lanes,
            256 << 10,
            new KeptStreamConfig(
                new SenderLimits(4096, queueBytes),
                Duration.ofSeconds(5),
                new Backoff(Duration.ofMillis(5), Duration.ofMillis(100), 0.5)),
            KeepAlive.DEFAULT);
    return PeerLink.open(address, host, config, listener, new Random(1));
  }

  /** What has not been let go of. */
  List<String> held() {
    List<String> held = new ArrayList<>();
    Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(thread -> thread.startsWith(name + "-"))
        .forEach(held::add);
    PeerService started = service;
    if (started != null && started.streams() > 0) {
      held.add(started.streams() + " streams");
    }
    if (started != null && started.arrivingBytes() > 0) {
      held.add(started.arrivingBytes() + " bytes of pushes");
    }
    for (PinnedPool pool : List.of(senderPool, receiverPool)) {
      if (pool.usage().total().bytes() > 0) {
        held.add("%s in the pool %s".formatted(pool.usage().total(), pool.path()));
      }
    }
    return held;
  }

  @Override
  public void close() {
    stop();
    senderUcx.ifPresent(UcxHub::close);
    await("nothing is left to the timer")
        .atMost(Duration.ofSeconds(5))
        .pollInterval(Duration.ofMillis(5))
        .until(() -> timer.getQueue().isEmpty());
    timer.shutdownNow();
    sending.close();
    receiving.close();
    senderPool.close();
    receiverPool.close();
  }
}
