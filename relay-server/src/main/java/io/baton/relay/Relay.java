package io.baton.relay;

import io.baton.proto.v1.RelayGrpc;
import io.baton.relay.exchange.Exchange;
import io.baton.relay.status.Words;
import io.baton.session.FairShare;
import io.baton.session.model.RelayId;
import io.baton.session.model.StageInfo;
import io.baton.session.stage.HeldRules;
import io.baton.transport.Budget;
import io.baton.transport.FairBudget;
import io.baton.transport.LaneKind;
import io.baton.transport.executor.ExecutorLink;
import io.baton.transport.grpc.BindFailedException;
import io.baton.transport.grpc.BoundServer;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.ServerSettings;
import io.baton.transport.grpc.Servers;
import io.baton.transport.payload.PayloadMemory;
import io.baton.transport.peer.PeerConfig;
import io.baton.transport.peer.PeerHost;
import io.baton.transport.peer.PeerLimits;
import io.baton.transport.peer.PeerLink;
import io.baton.transport.peer.PeerLinks;
import io.baton.transport.peer.PeerLinksConfig;
import io.baton.transport.peer.PeerService;
import io.baton.transport.pinned.ByteText;
import io.baton.transport.pinned.ChunkIndexConfig;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.Pinning;
import io.baton.transport.pinned.PoolException;
import io.baton.transport.stream.StreamState;
import io.baton.transport.ucx.UcxHub;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A relay: listens for clients and peers, holds sessions at the stage of its executor, and pushes
 * outputs on. Start it, attach an executor or let one attach over the socket, and in the end {@link
 * #drain} and {@link #close} it. Any thread may call.
 */
public final class Relay implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Relay.class);

  /** Of pushes, offers and bodies that wait to be sent, to all peers together. */
  private static final long QUEUED_LINK_BYTES = 256L << 20;

  /** Enough for the sockets of one relay; callbacks are short. */
  private static final int EVENT_LOOP_THREADS = 1;

  private final RelayId self;
  private final RelayCounters counters = new RelayCounters();
  private final HealthStatusManager health = new HealthStatusManager();
  private final ScheduledThreadPoolExecutor timer;
  private final EventLoops loops;
  private final PinnedPool pool;
  private final Ucx ucx;
  private final DevicePool device;
  private final Exchange exchange;
  private final PayloadMemory memory;
  private final PeerLinks links;
  private final FairBudget payloads;
  private final Budget outputs;
  private final FairBudget held;
  private final SessionTable sessions;
  private final ExecutorSlot slot;
  private final PeerService peers;
  private final BoundServer server;
  private final Optional<ProcessService> processes;
  private boolean closed;

  private Relay(RelayConfig config, PinnedPool pool) throws BindFailedException {
    SecureRandom random = new SecureRandom();
    self = new RelayId(config.name(), random.nextLong());
    this.pool = pool;
    loops = EventLoops.start("baton-io-" + config.name(), EVENT_LOOP_THREADS);
    ucx = Ucx.start(config, pool);
    device =
        config.dataPlane().device() ? DevicePool.of(pool, config.name()) : DevicePool.none(pool);
    timer = new ScheduledThreadPoolExecutor(1, this::timerThread);
    timer.setRemoveOnCancelPolicy(true);
    timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    sessions = new SessionTable(config.limits().opening());
    slot = new ExecutorSlot(sessions, config.limits().stall(), timer);
    FairShare share = config.limits().share();
    payloads = new FairBudget(config.limits().payloadBytes(), share);
    outputs = new Budget(config.limits().payloadBytes());
    held = new FairBudget(config.limits().sessionBytes(), share);
    List<LaneKind> lanes = config.dataPlane().lanes();
    memory = PayloadMemory.of(pool, timer, lanes.contains(LaneKind.LOCAL));
    PeerHost host =
        new PeerHost(
            self,
            pool,
            ucx.hub(),
            new PeerHost.Traffic(memory.sentCounter(), memory.receivedCounter()),
            loops,
            new Budget(QUEUED_LINK_BYTES),
            new Budget(QUEUED_LINK_BYTES),
            timer);
    PeerConfig linkConfig =
        PeerConfig.withDefaults(InsecureChannelCredentials.create()).withLanes(lanes);
    exchange =
        new Exchange(
            host,
            ChunkIndexConfig.of((long) (pool.size() * config.dataPlane().historyShare())),
            listener ->
                new PeerLinks(
                    address ->
                        PeerLink.open(
                            address,
                            host,
                            linkConfig,
                            listener,
                            new SplittableRandom(random.nextLong())),
                    PeerLinksConfig.DEFAULT,
                    share,
                    System::nanoTime,
                    timer));
    links = exchange.links();
    RelayContext context =
        new RelayContext(
            self,
            config.limits(),
            sessions,
            links,
            new HeldRules(held.capacity(), config.dataPlane().pushShare()),
            held,
            counters,
            timer,
            loops.executor());
    peers =
        new PeerService(
            host,
            lanes,
            PeerLimits.DEFAULT,
            new PeerService.Receivers(
                new PushArrivals(sessions, counters), exchange.offerReceiver()));
    StatusReport report =
        new StatusReport(
            context,
            new StatusReport.Sources(
                slot,
                () -> payloads.used() + outputs.used(),
                memory,
                links,
                peers,
                pool,
                exchange,
                lanes,
                ucx));
    ServerSettings settings = ServerSettings.direct(InsecureServerCredentials.create());
    try {
      processes =
          config.processSocket().isEmpty()
              ? Optional.empty()
              : Optional.of(
                  new ProcessService(
                      new ProcessService.Host(self, pool, exchange, slot, memory, outputs, timer),
                      config.processSocket().get()));
      server = listen(config, new RelayService(context, slot, memory, payloads, report), settings);
      exchange.knownAs(Set.of(server.endpoint().toString()));
    } catch (BindFailedException | RuntimeException e) {
      stopThreads();
      throw e;
    }
    health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, ServingStatus.SERVING);
    health.setStatus(RelayGrpc.SERVICE_NAME, ServingStatus.SERVING);
    logDataPlane(config.dataPlane());
    log.info("relay {} listens at {}", self, server.endpoint());
  }

  private void logDataPlane(RelayConfig.DataPlane dataPlane) {
    log.info(
        "pool of {} at {}, {}",
        ByteText.of(pool.size()),
        pool.path(),
        switch (pool.pinning()) {
          case Pinning.Locked() -> "locked in memory";
          case Pinning.NotLocked(String reason) -> "not locked in memory: " + reason;
        });
    log.info(
        "lanes: {}, the best first; {}",
        dataPlane.lanes().stream().map(Words::of).collect(Collectors.joining(", ")),
        ucx);
  }

  /**
   * Starts a relay, without an executor.
   *
   * @throws BindFailedException if it cannot listen where it should; nothing is left running then
   * @throws PoolException if there is no room for its pool, or it cannot be made; the same
   */
  public static Relay start(RelayConfig config) throws BindFailedException, PoolException {
    PinnedPool pool = PinnedPool.create(config.dataPlane().pool(config.name()));
    try {
      return new Relay(config, pool);
    } catch (BindFailedException | RuntimeException | Error e) {
      pool.close();
      throw e;
    }
  }

  private BoundServer listen(RelayConfig config, RelayService service, ServerSettings settings)
      throws BindFailedException {
    try {
      return Servers.start(
          loops,
          config.listen(),
          settings,
          List.of(
              service, peers, health.getHealthService(), ProtoReflectionServiceV1.newInstance()));
    } catch (BindFailedException | RuntimeException e) {
      processes.ifPresent(ProcessService::close);
      throw e;
    }
  }

  private Thread timerThread(Runnable task) {
    Thread thread = new Thread(task, "baton-timer-" + self.name());
    thread.setDaemon(true);
    return thread;
  }

  public RelayId id() {
    return self;
  }

  /** Where it listens, with the port that the system chose if that was left to it. */
  public Endpoint endpoint() {
    return server.endpoint();
  }

  /**
   * Attaches an executor of this process.
   *
   * @throws IllegalStateException if another is attached
   */
  public void attach(ExecutorLink executor) {
    if (!slot.attach(executor)) {
      throw new IllegalStateException("another stage executor is attached to this relay");
    }
  }

  /** The executor of this process is gone; its sessions end. */
  public void detach(ExecutorLink executor) {
    slot.detach(executor, "the stage executor was detached");
  }

  /** Where its tensors lie. */
  public PinnedPool pool() {
    return pool;
  }

  /** The lanes of the links to other relays that are connected now, by their addresses. */
  public Map<String, LaneKind> lanesTo() {
    Map<String, LaneKind> lanes = new TreeMap<>();
    links
        .open()
        .forEach(
            (address, open) -> {
              if (open.link().state() == StreamState.READY) {
                lanes.put(address, open.link().lane());
              }
            });
    return lanes;
  }

  /** The stage that can be computed now. */
  public Optional<StageInfo> stage() {
    return slot.executor().map(ExecutorLink::info);
  }

  public RelayStatus status() {
    return new RelayStatus(
        sessions.size(),
        slot.executor().isPresent(),
        sessions.heldBytes(),
        payloads.used() + outputs.used(),
        held.used(),
        counters.steps.sum(),
        counters.pushesUsed.sum(),
        counters.pushes.sent.sum(),
        counters.pushes.shed.sum(),
        counters.standbyPushes.sent.sum(),
        counters.standbyPushes.shed.sum(),
        counters.dropped(),
        counters.evidence(),
        memory.sent(),
        memory.received());
  }

  /**
   * Takes no new session, tells the clients of those that are open to move on, and waits until they
   * have or the grace is over.
   *
   * @return whether no session was left
   */
  public boolean drain(Duration grace) throws InterruptedException {
    sessions.shut();
    health.setStatus(HealthStatusManager.SERVICE_NAME_ALL_SERVICES, ServingStatus.NOT_SERVING);
    health.setStatus(RelayGrpc.SERVICE_NAME, ServingStatus.NOT_SERVING);
    sessions.all().forEach(session -> session.drain(grace));
    return sessions.awaitEmpty(grace.toNanos());
  }

  /** Stops at once: streams are cut, sessions end, nothing is left behind. Idempotent. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    sessions.shut();
    server.close();
    sessions.all().forEach(session -> session.close("the relay stops"));
    processes.ifPresent(ProcessService::close);
    peers.close();
    stopThreads();
    log.info("relay {} has stopped", self);
  }

  private void stopThreads() {
    exchange.close();
    links.close();
    timer.shutdownNow();
    loops.close();
    memory.close();
    ucx.hub().ifPresent(UcxHub::close);
    device.close();
    pool.close();
  }
}
