package io.baton.transport.lane.grpc;

import io.baton.session.model.RelayId;
import io.baton.transport.Budget;
import io.baton.transport.grpc.BoundServer;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.grpc.ServerSettings;
import io.baton.transport.grpc.Servers;
import io.baton.transport.lane.Backoff;
import io.baton.transport.lane.PushReceiver;
import io.baton.transport.payload.PayloadMemory;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolException;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The gRPC of two relays, each on threads of its own. */
final class GrpcRig implements AutoCloseable {

  /** Less than a lane may have waiting, so that a lane that is full has pushes of both ways. */
  private static final long POOL_BYTES = 10 << 20;

  private static final AtomicInteger RIGS = new AtomicInteger();

  private final String name = "rig" + RIGS.incrementAndGet();
  private final EventLoops sending = EventLoops.start(name + "-sending", 1);
  private final EventLoops receiving = EventLoops.start(name + "-receiving", 2);
  private final ScheduledThreadPoolExecutor timer =
      new ScheduledThreadPoolExecutor(1, task -> new Thread(task, name + "-timer"));
  private final ScheduledThreadPoolExecutor memoryTimer =
      new ScheduledThreadPoolExecutor(1, task -> new Thread(task, name + "-memory"));
  private final PushLimits limits;
  private final @Nullable PinnedPool pool;
  private final PayloadMemory sender;
  private final PayloadMemory receiver;
  private Endpoint endpoint;
  private int tasksLeft;
  private @Nullable GrpcPushService service;
  private @Nullable BoundServer server;

  private GrpcRig(Endpoint endpoint, PushLimits limits, @Nullable PinnedPool pool) {
    this.endpoint = endpoint;
    this.limits = limits;
    this.pool = pool;
    this.sender =
        pool == null
            ? PayloadMemory.none()
            : PayloadMemory.of(pool, memoryTimer, PayloadMemory.Ways.handles());
    this.receiver =
        pool == null
            ? PayloadMemory.none()
            : PayloadMemory.making(
                PoolConfig.of("never-made", 1 << 20), memoryTimer, PayloadMemory.Ways.handles());
    timer.setRemoveOnCancelPolicy(true);
  }

  /** All payloads travel in messages. */
  static GrpcRig framing(Endpoint endpoint, PushLimits limits) {
    return new GrpcRig(endpoint, limits, null);
  }

  /** Payloads stay in the sender's pool. */
  static GrpcRig sharing(Endpoint endpoint, PushLimits limits) throws PoolException {
    return new GrpcRig(
        endpoint,
        limits,
        PinnedPool.create(PoolConfig.of("rig", POOL_BYTES).withPushShare(1).withLock(false)));
  }

  /** The sender's. */
  PinnedPool pool() {
    return Objects.requireNonNull(pool);
  }

  void start(RelayId self, PushReceiver receiver) throws Exception {
    GrpcPushService started = new GrpcPushService(self, limits, receiver, this.receiver, timer);
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
    GrpcPushService started = service;
    BoundServer bound = server;
    if (started != null) {
      started.close();
    }
    if (bound != null) {
      bound.close();
    }
  }

  Endpoint endpoint() {
    return endpoint;
  }

  EventLoops sending() {
    return sending;
  }

  GrpcPushService service() {
    return Objects.requireNonNull(service);
  }

  GrpcLane open(RelayId self, long queueBytes) {
    return open(self, queueBytes, endpoint);
  }

  GrpcLane open(RelayId self, long queueBytes, Endpoint target) {
    GrpcLaneConfig config =
        new GrpcLaneConfig(
            InsecureChannelCredentials.create(),
            new SenderLimits(4096, queueBytes),
            Duration.ofSeconds(5),
            new Backoff(Duration.ofMillis(5), Duration.ofMillis(100), 0.5),
            KeepAlive.DEFAULT);
    return GrpcLane.open(
        self, target, sending, config, sender, new Budget(queueBytes), timer, new Random(1));
  }

  /** What has not been let go of. */
  List<String> held() {
    List<String> held = new ArrayList<>();
    Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(thread -> thread.startsWith(name + "-"))
        .forEach(held::add);
    GrpcPushService started = service;
    if (started != null && started.streams() > 0) {
      held.add(started.streams() + " streams");
    }
    if (started != null && started.assemblingBytes() > 0) {
      held.add(started.assemblingBytes() + " bytes of payloads");
    }
    if (pool != null && pool.usage().total().bytes() > 0) {
      held.add(pool.usage().total() + " in the pool");
    }
    if (tasksLeft > 0) {
      held.add(tasksLeft + " tasks of the timer");
    }
    return held;
  }

  @Override
  public void close() {
    stop();
    tasksLeft = timer.shutdownNow().size();
    memoryTimer.shutdownNow();
    sending.close();
    receiving.close();
    sender.close();
    receiver.close();
    if (pool != null) {
      pool.close();
    }
  }
}
