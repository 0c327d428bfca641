package io.baton.transport.lane.grpc;

import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PushCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.PushFrame;
import io.baton.proto.v1.PushGrpc;
import io.baton.proto.v1.PushHello;
import io.baton.proto.v1.PushReply;
import io.baton.proto.v1.PushWelcome;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.session.model.StageRole;
import io.baton.transport.Budget;
import io.baton.transport.Share;
import io.baton.transport.grpc.Channels;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.FlowControlledSender;
import io.baton.transport.grpc.RemoteHost;
import io.baton.transport.lane.Lane;
import io.baton.transport.lane.LaneKind;
import io.baton.transport.lane.LaneState;
import io.baton.transport.lane.LaneStats;
import io.baton.transport.payload.PayloadFrames;
import io.baton.transport.payload.PayloadLink;
import io.baton.transport.payload.PayloadMemory;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.stream.Dialed;
import io.baton.transport.stream.KeptStream;
import io.baton.transport.stream.KeptStreamConfig;
import io.baton.transport.stream.StreamHandler;
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientResponseObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A lane over one gRPC stream that is kept, and made anew when it breaks. What was on its way then
 * is dropped; nothing is ever sent twice. Payloads stay in shared memory if the peer can map it,
 * and the stream carries their handles: that is the lane {@link LaneKind#LOCAL}.
 */
public final class GrpcLane implements Lane {

  private final RelayId self;
  private final GrpcLaneConfig config;
  private final String holder;
  private final PayloadMemory memory;
  private final KeptStream<PushFrame, PushReply> stream;
  private final EarlyPushes early;
  private final Counters counters = new Counters();
  private volatile PayloadLink payloads;
  private volatile @Nullable RelayId remote;

  private GrpcLane(
      RelayId self,
      Endpoint peer,
      Supplier<ManagedChannel> channels,
      GrpcLaneConfig config,
      PayloadMemory memory,
      Budget queuedBytes,
      ScheduledExecutorService timer,
      RandomGenerator random) {
    this.self = self;
    this.config = config;
    this.holder = "pushes to " + peer;
    this.memory = memory;
    this.payloads = connection();
    this.early = new EarlyPushes(config.queue(), queuedBytes);
    this.stream =
        new KeptStream<>(
            new Pushes(channels),
            PushFrame::getSerializedSize,
            new KeptStreamConfig(config.queue(), config.handshakeTimeout(), config.backoff()),
            queuedBytes,
            timer,
            random);
  }

  /**
   * Begins to connect and returns without waiting for it.
   *
   * @param memory how payloads travel
   * @param queuedBytes what may wait in this and other lanes together
   * @param timer for deadlines and delays; its tasks are short
   * @param random for jitter; used by one thread at a time
   */
  public static GrpcLane open(
      RelayId self,
      Endpoint peer,
      EventLoops loops,
      GrpcLaneConfig config,
      PayloadMemory memory,
      Budget queuedBytes,
      ScheduledExecutorService timer,
      RandomGenerator random) {
    GrpcLane lane =
        new GrpcLane(
            self,
            peer,
            () -> Channels.open(loops, peer, config.credentials(), config.keepAlive()),
            config,
            memory,
            queuedBytes,
            timer,
            random);
    lane.stream.open();
    return lane;
  }

  @Override
  public LaneKind kind() {
    return payloads.lane();
  }

  @Override
  public boolean push(Push push, StageRole receiver) {
    long bytes = push.payload().bytes();
    Share share = Share.of(receiver);
    boolean accepted =
        stream.state() != LaneState.BACKOFF
            && bytes <= share.of(config.queue().maxBytes())
            && send(push, share);
    counters.count(receiver, accepted, bytes);
    return accepted;
  }

  @Override
  public LaneState state() {
    return stream.state();
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
    return stream.lastFailure();
  }

  @Override
  public Optional<String> trouble() {
    return payloads.trouble();
  }

  @Override
  public void close() {
    stream.close();
    counters.lost.add(early.close());
    payloads.close();
  }

  private boolean send(Push push, Share share) {
    if (stream.state() == LaneState.READY && early.isEmpty()) {
      return offer(push, share);
    }
    synchronized (early) {
      if (stream.state() != LaneState.CONNECTING && early.isEmpty()) {
        return offer(push, share);
      }
      return early.add(push, share);
    }
  }

  private boolean offer(Push push, Share share) {
    PayloadLink link = payloads;
    PayloadFrames payload = link.frame(push.payload(), share);
    if (!stream.offer(frames(push, payload), share)) {
      link.retract(payload);
      return false;
    }
    link.sent(payload);
    if (payload.header().hasShared()) {
      counters.countShared(push.payload().bytes());
    }
    return true;
  }

  private static List<PushFrame> frames(Push push, PayloadFrames payload) {
    List<PushFrame> frames = new ArrayList<>(1 + payload.chunks().size());
    frames.add(PushFrame.newBuilder().setPush(PushCodec.toWire(push, payload.header())).build());
    payload.chunks().forEach(chunk -> frames.add(PushFrame.newBuilder().setChunk(chunk).build()));
    return frames;
  }

  /** What was sent on an earlier connection has no reader any more. */
  private PayloadLink connection() {
    return memory.sending(PoolUse.PUSH, holder, config.queue().maxBytes());
  }

  /** What is said on the stream: pushes; the hello is answered, and slots are given back. */
  private final class Pushes implements StreamHandler<PushFrame, PushReply> {

    private final Supplier<ManagedChannel> channels;
    private int welcomes;
    private volatile RemoteHost host = new RemoteHost();

    Pushes(Supplier<ManagedChannel> channels) {
      this.channels = channels;
    }

    @Override
    public Dialed dial(ClientResponseObserver<PushFrame, PushReply> observer) {
      RemoteHost next = new RemoteHost();
      host = next;
      return Dialed.on(
          channels.get(),
          channel ->
              PushGrpc.newStub(channel)
                  .withInterceptors(next)
                  .withOnReadyThreshold(FlowControlledSender.READY_BYTES)
                  .push(observer));
    }

    @Override
    public PushFrame hello() {
      payloads.close();
      PayloadLink link = connection();
      payloads = link;
      PushFrame.Builder hello =
          PushFrame.newBuilder()
              .setHello(
                  PushHello.newBuilder()
                      .setVersions(Versions.spoken())
                      .setFrom(IdCodec.toWire(self)));
      link.news().ifPresent(hello::setSharing);
      return hello.build();
    }

    @Override
    public void onWelcome(PushReply reply) throws MalformedFrameException {
      if (!reply.hasWelcome()) {
        throw new MalformedFrameException("welcome", "missing");
      }
      PushWelcome welcome = reply.getWelcome();
      if (!Versions.speaks(welcome.getVersion())) {
        throw new MalformedFrameException(
            "version", Integer.toUnsignedString(welcome.getVersion()) + " is not spoken here");
      }
      if (!welcome.hasIdentity()) {
        throw new MalformedFrameException("identity", "missing");
      }
      remote = IdCodec.fromWire(welcome.getIdentity());
      payloads.take(reply.getSharing(), host.get());
    }

    @Override
    public void onReady() {
      if (welcomes++ > 0) {
        counters.reconnects.increment();
      }
      synchronized (early) {
        counters.lost.add(early.send(GrpcLane.this::offer));
      }
    }

    @Override
    public void onAnswer(PushReply reply) throws MalformedFrameException {
      if (reply.hasWelcome()) {
        throw new MalformedFrameException("welcome", "comes twice");
      }
      payloads.take(reply.getSharing(), host.get());
    }

    @Override
    public void onWritable() {}

    @Override
    public void onLost(String why) {
      counters.lost.add(early.drop());
    }

    @Override
    public void onDropped(int groups) {
      counters.lost.add(groups);
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
    final LongAdder shared = new LongAdder();
    final LongAdder sharedBytes = new LongAdder();

    void countShared(long payloadBytes) {
      shared.increment();
      sharedBytes.add(payloadBytes);
    }

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
          reconnects.sum(),
          shared.sum(),
          sharedBytes.sum());
    }
  }
}
