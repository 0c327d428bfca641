package io.baton.transport.lane.grpc;

import io.baton.proto.codec.PushCodec;
import io.baton.proto.v1.PushFrame;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.session.model.StageRole;
import io.baton.transport.Budget;
import io.baton.transport.Share;
import io.baton.transport.grpc.Channels;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.lane.Lane;
import io.baton.transport.lane.LaneKind;
import io.baton.transport.lane.LaneState;
import io.baton.transport.lane.LaneStats;
import io.baton.transport.payload.PayloadFramer;
import io.baton.transport.payload.PayloadFrames;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A lane over one gRPC stream that is kept, and made anew when it breaks. What was on its way then
 * is dropped; nothing is ever sent twice.
 */
public final class GrpcLane implements Lane {

  private final RelayId self;
  private final Supplier<ManagedChannel> channels;
  private final GrpcLaneConfig config;
  private final Budget queuedBytes;
  private final ScheduledExecutorService timer;
  private final RandomGenerator random;
  private final PayloadFramer framer;
  private final Counters counters = new Counters();
  private final PushConnection.Owner owner = new ConnectionOwner();

  // Written under the lock; read without.
  private final Object lock = new Object();
  private volatile LaneState state = LaneState.CONNECTING;
  private volatile @Nullable PushConnection current;
  private volatile @Nullable RelayId remote;
  private volatile @Nullable String lastFailure;

  // Under the lock.
  private int failuresInARow;
  private int welcomes;
  private @Nullable ScheduledFuture<?> retry;

  private GrpcLane(
      RelayId self,
      Supplier<ManagedChannel> channels,
      GrpcLaneConfig config,
      Budget queuedBytes,
      ScheduledExecutorService timer,
      RandomGenerator random) {
    this.self = self;
    this.channels = channels;
    this.config = config;
    this.queuedBytes = queuedBytes;
    this.timer = timer;
    this.random = random;
    this.framer = new PayloadFramer(config.chunking());
  }

  /**
   * Begins to connect and returns without waiting for it.
   *
   * @param queuedBytes what may wait in this and other lanes together
   * @param timer for deadlines and delays; its tasks are short
   * @param random for jitter; used by one thread at a time
   */
  public static GrpcLane open(
      RelayId self,
      Endpoint peer,
      EventLoops loops,
      GrpcLaneConfig config,
      Budget queuedBytes,
      ScheduledExecutorService timer,
      RandomGenerator random) {
    GrpcLane lane =
        new GrpcLane(
            self,
            () -> Channels.open(loops, peer, config.credentials(), config.keepAlive()),
            config,
            queuedBytes,
            timer,
            random);
    lane.connect();
    return lane;
  }

  @Override
  public LaneKind kind() {
    return LaneKind.GRPC;
  }

  @Override
  public boolean push(Push push, StageRole receiver) {
    PushConnection connection = current;
    long bytes = push.payload().bytes();
    Share share = Share.of(receiver);
    boolean accepted =
        connection != null
            && bytes <= share.of(config.queue().maxBytes())
            && connection.offer(frames(push), share);
    counters.count(receiver, accepted, bytes);
    return accepted;
  }

  @Override
  public LaneState state() {
    return state;
  }

  @Override
  public LaneStats stats() {
    return counters.snapshot();
  }

  @Override
  public Optional<RelayId> remote() {
    return Optional.ofNullable(remote);
  }

  @Override
  public Optional<String> lastFailure() {
    return Optional.ofNullable(lastFailure);
  }

  @Override
  public void close() {
    PushConnection open;
    synchronized (lock) {
      state = LaneState.CLOSED;
      open = current;
      current = null;
      if (retry != null) {
        retry.cancel(false);
      }
    }
    if (open != null) {
      open.close();
    }
  }

  private List<PushFrame> frames(Push push) {
    PayloadFrames payload = framer.frame(push.payload());
    List<PushFrame> frames = new ArrayList<>(1 + payload.chunks().size());
    frames.add(PushFrame.newBuilder().setPush(PushCodec.toWire(push, payload.header())).build());
    payload.chunks().forEach(chunk -> frames.add(PushFrame.newBuilder().setChunk(chunk).build()));
    return frames;
  }

  private void connect() {
    PushConnection attempt;
    synchronized (lock) {
      if (state == LaneState.CLOSED) {
        return;
      }
      attempt = new PushConnection(self, channels.get(), config.queue(), queuedBytes, owner);
      state = LaneState.CONNECTING;
      current = attempt;
    }
    attempt.open(timer, config.handshakeTimeout());
  }

  /** Under the lock. */
  private void scheduleConnect() {
    failuresInARow++;
    long delay = config.backoff().after(failuresInARow, random).toNanos();
    try {
      retry = timer.schedule(this::connect, delay, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // The relay is being closed, and this lane with it.
      state = LaneState.CLOSED;
    }
  }

  /** What the connections report. One that is no longer the current one changes nothing. */
  private final class ConnectionOwner implements PushConnection.Owner {

    @Override
    public void onWelcome(PushConnection connection, RelayId by) {
      synchronized (lock) {
        if (connection != current) {
          return;
        }
        state = LaneState.READY;
        remote = by;
        failuresInARow = 0;
        if (welcomes++ > 0) {
          counters.reconnects.increment();
        }
      }
    }

    @Override
    public void onLost(PushConnection connection, Throwable cause) {
      synchronized (lock) {
        if (connection != current) {
          return;
        }
        current = null;
        state = LaneState.BACKOFF;
        lastFailure = Status.fromThrowable(cause).toString();
        scheduleConnect();
      }
    }

    @Override
    public void onDropped(int pushes) {
      counters.lost.add(pushes);
    }
  }

  private static final class Counters {

    final LongAdder pushed = new LongAdder();
    final LongAdder shed = new LongAdder();
    final LongAdder standbyPushed = new LongAdder();
    final LongAdder standbyShed = new LongAdder();
    final LongAdder lost = new LongAdder();
    final LongAdder bytes = new LongAdder();
    final LongAdder reconnects = new LongAdder();

    void count(StageRole receiver, boolean accepted, long payloadBytes) {
      switch (receiver) {
        case ACTIVE -> (accepted ? pushed : shed).increment();
        case STANDBY -> (accepted ? standbyPushed : standbyShed).increment();
      }
      if (accepted) {
        bytes.add(payloadBytes);
      }
    }

    LaneStats snapshot() {
      return new LaneStats(
          pushed.sum(),
          shed.sum(),
          standbyPushed.sum(),
          standbyShed.sum(),
          lost.sum(),
          bytes.sum(),
          reconnects.sum());
    }
  }
}
