package io.baton.transport.lane.grpc;

import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PushCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.PushFrame;
import io.baton.proto.v1.PushGrpc;
import io.baton.proto.v1.PushHello;
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
import io.baton.transport.lane.Lane;
import io.baton.transport.lane.LaneKind;
import io.baton.transport.lane.LaneState;
import io.baton.transport.lane.LaneStats;
import io.baton.transport.payload.PayloadFramer;
import io.baton.transport.payload.PayloadFrames;
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
 * is dropped; nothing is ever sent twice.
 */
public final class GrpcLane implements Lane {

  private final RelayId self;
  private final GrpcLaneConfig config;
  private final PayloadFramer framer;
  private final KeptStream<PushFrame, PushWelcome> stream;
  private final Counters counters = new Counters();
  private volatile @Nullable RelayId remote;

  private GrpcLane(
      RelayId self,
      Supplier<ManagedChannel> channels,
      GrpcLaneConfig config,
      Budget queuedBytes,
      ScheduledExecutorService timer,
      RandomGenerator random) {
    this.self = self;
    this.config = config;
    this.framer = new PayloadFramer(config.chunking());
    this.stream =
        new KeptStream<>(
            channels,
            new Pushes(),
            PushFrame::getSerializedSize,
            new KeptStreamConfig(config.queue(), config.handshakeTimeout(), config.backoff()),
            queuedBytes,
            timer,
            random);
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
    lane.stream.open();
    return lane;
  }

  @Override
  public LaneKind kind() {
    return LaneKind.GRPC;
  }

  @Override
  public boolean push(Push push, StageRole receiver) {
    long bytes = push.payload().bytes();
    Share share = Share.of(receiver);
    boolean accepted =
        stream.state() != LaneState.BACKOFF
            && bytes <= share.of(config.queue().maxBytes())
            && stream.offer(frames(push), share);
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
  public void close() {
    stream.close();
  }

  private List<PushFrame> frames(Push push) {
    PayloadFrames payload = framer.frame(push.payload());
    List<PushFrame> frames = new ArrayList<>(1 + payload.chunks().size());
    frames.add(PushFrame.newBuilder().setPush(PushCodec.toWire(push, payload.header())).build());
    payload.chunks().forEach(chunk -> frames.add(PushFrame.newBuilder().setChunk(chunk).build()));
    return frames;
  }

  /** What is said on the stream: pushes, to which the hello is all that is ever answered. */
  private final class Pushes implements StreamHandler<PushFrame, PushWelcome> {

    private int welcomes;

    @Override
    public void call(
        ManagedChannel channel, ClientResponseObserver<PushFrame, PushWelcome> observer) {
      PushGrpc.newStub(channel)
          .withOnReadyThreshold(FlowControlledSender.READY_BYTES)
          .push(observer);
    }

    @Override
    public PushFrame hello() {
      return PushFrame.newBuilder()
          .setHello(
              PushHello.newBuilder().setVersions(Versions.spoken()).setFrom(IdCodec.toWire(self)))
          .build();
    }

    @Override
    public void onWelcome(PushWelcome welcome) throws MalformedFrameException {
      if (!Versions.speaks(welcome.getVersion())) {
        throw new MalformedFrameException(
            "version", Integer.toUnsignedString(welcome.getVersion()) + " is not spoken here");
      }
      if (!welcome.hasIdentity()) {
        throw new MalformedFrameException("identity", "missing");
      }
      remote = IdCodec.fromWire(welcome.getIdentity());
    }

    @Override
    public void onReady() {
      if (welcomes++ > 0) {
        counters.reconnects.increment();
      }
    }

    @Override
    public void onAnswer(PushWelcome answer) throws MalformedFrameException {
      throw new MalformedFrameException("welcome", "comes twice");
    }

    @Override
    public void onWritable() {}

    @Override
    public void onLost(String why) {}

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
