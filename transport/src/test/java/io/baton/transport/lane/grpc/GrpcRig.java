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
import io.baton.transport.payload.ChunkingConfig;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** The gRPC of two relays, each on threads of its own. */
final class GrpcRig implements AutoCloseable {

  private static final AtomicInteger RIGS = new AtomicInteger();

  private final String name = "rig" + RIGS.incrementAndGet();
  private final EventLoops sending = EventLoops.start(name + "-sending", 1);
  private final EventLoops receiving = EventLoops.start(name + "-receiving", 2);
  private final ScheduledThreadPoolExecutor timer =
      new ScheduledThreadPoolExecutor(1, task -> new Thread(task, name + "-timer"));
  private final PushLimits limits;
  private Endpoint endpoint;
  private int tasksLeft;
  private @Nullable GrpcPushService service;
  private @Nullable BoundServer server;

  GrpcRig(Endpoint endpoint, PushLimits limits) {
    this.endpoint = endpoint;
    this.limits = limits;
    timer.setRemoveOnCancelPolicy(true);
  }

  void start(RelayId self, PushReceiver receiver) throws Exception {
    GrpcPushService started = new GrpcPushService(self, limits, receiver, timer);
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
    return java.util.Objects.requireNonNull(service);
  }

  GrpcLane open(RelayId self, long queueBytes) {
    return open(self, queueBytes, endpoint);
  }

  GrpcLane open(RelayId self, long queueBytes, Endpoint target) {
    GrpcLaneConfig config =
        new GrpcLaneConfig(
            InsecureChannelCredentials.create(),
            ChunkingConfig.DEFAULT,
            new SenderLimits(4096, queueBytes),
            Duration.ofSeconds(5),
            new Backoff(Duration.ofMillis(5), Duration.ofMillis(100), 0.5),
            KeepAlive.DEFAULT);
    return GrpcLane.open(
        self, target, sending, config, new Budget(queueBytes), timer, new Random(1));
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
    if (tasksLeft > 0) {
      held.add(tasksLeft + " tasks of the timer");
    }
    return held;
  }

  @Override
  public void close() {
    stop();
    tasksLeft = timer.shutdownNow().size();
    sending.close();
    receiving.close();
  }
}
