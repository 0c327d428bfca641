package io.baton.transport.peer;

import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.BulkFrame;
import io.baton.proto.v1.LinkGrpc;
import io.baton.proto.v1.PeerFrame;
import io.baton.proto.v1.PeerHello;
import io.baton.proto.v1.PeerReply;
import io.baton.proto.v1.PeerWelcome;
import io.baton.proto.v1.Withdraw;
import io.baton.session.model.Push;
import io.baton.transport.LaneKind;
import io.baton.transport.Share;
import io.baton.transport.grpc.FlowControlledSender;
import io.baton.transport.grpc.RemoteHost;
import io.baton.transport.pinned.Slot;
import io.baton.transport.stream.Dialed;
import io.baton.transport.stream.StreamConnection;
import io.baton.transport.stream.StreamHandler;
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One connection of a {@link PeerLink}, from its hello to its loss. What is said here goes out on
 * it or not at all, and what is answered on it is an answer to what was said on it: after its loss
 * everything is said anew on the next. Any thread may call; none is made to wait.
 */
public final class PeerConnection {

  /** How often it is tried again where there was no room, if nothing else tells of some. */
  private static final Duration RETRY_EVERY = Duration.ofMillis(20);

  /** More than this never wait in a connection that goes on. */
  private static final int MAX_WITHDRAWALS = 1 << 16;

  private final PeerLink link;
  private final PeerHost host;
  private final PeerConfig config;
  private final PeerListener listener;
  private final StreamConnection<PeerFrame> stream;
  private final Supplier<ManagedChannel> channels;
  private final BulkStream bulk;
  private final BodyPump pump;
  private final OutboundSteps steps;
  private final Deque<PeerFrame> withdrawals = new ArrayDeque<>();
  private final Set<Long> lost = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean wanted = new AtomicBoolean();
  private final AtomicBoolean retrying = new AtomicBoolean();
  private volatile boolean over;
  private volatile boolean ready;
  private volatile Outlet lane = GrpcLane.OUTLET;
  private volatile @Nullable String trouble;

  PeerConnection(
      PeerLink link,
      PeerHost host,
      PeerConfig config,
      PeerListener listener,
      StreamConnection<PeerFrame> stream,
      Supplier<ManagedChannel> channels) {
    this.link = link;
    this.host = host;
    this.config = config;
    this.listener = listener;
    this.stream = stream;
    this.channels = channels;
    this.bulk =
        new BulkStream(channels, config.stream().queue(), host.queuedBytes(), new OfBodies());
    this.pump = new BodyPump(bulk, config.partBytes(), this::wantRoom);
    this.steps =
        new OutboundSteps(
            host,
            "pushes to " + link.address(),
            link.stepNumbers(),
            link.counters(),
            stream,
            pump,
            config.stream().queue().maxBytes());
  }

  public PeerLink link() {
    return link;
  }

  /** By which bytes travel now: those of the lane ucx by gRPC until UCX has got through. */
  public LaneKind lane() {
    return switch (lane.way()) {
      case SHARED -> LaneKind.LOCAL;
      case BESIDE -> LaneKind.UCX;
      case FRAMED -> LaneKind.GRPC;
    };
  }

  /** Why bytes go by a slower way than they might, in words; empty if nothing is wrong. */
  Optional<String> trouble() {
    return lane.trouble().or(() -> Optional.ofNullable(trouble));
  }

  /** Whether chunks may be offered on it. */
  public boolean isReady() {
    return ready && !over;
  }

  /** Sends a push; false if there is no room for it, or the connection is lost. */
  boolean push(Push push, Share share) {
    return !over && steps.send(push, share, lane);
  }

  /**
   * Offers a chunk; false if too much waits to be sent, of which {@link PeerListener#onRoom} tells
   * the end, or if the connection is lost.
   *
   * @param slot where its bytes are, of which the peer is told how to get them; null if they are in
   *     the offer
   */
  public boolean offer(Offer offer, @Nullable Slot slot) {
    Offer complete = slot == null ? offer : offer.with(body(slot));
    boolean sent = send(PeerFrame.newBuilder().setParcel(OfferCodec.toWire(complete)).build());
    if (sent) {
      link.counters().offered.increment();
    }
    return sent;
  }

  /** Tells how many chunks a datum has; false as for an offer. */
  public boolean closing(Closing closing) {
    return send(PeerFrame.newBuilder().setClose(OfferCodec.toWire(closing)).build());
  }

  /** Sends the bytes for which the peer has made room, unless the connection is lost. */
  public void body(long transfer, Slot slot) {
    link.counters().chunkBytes.add(slot.bytes());
    if (!lane.carry(transfer, slot)) {
      pump.add(transfer, BodySource.of(slot));
    }
  }

  /** What was offered will not come. The peer is told as soon as there is room for it. */
  public void withdraw(long transfer) {
    pump.drop(transfer);
    PeerFrame frame =
        PeerFrame.newBuilder().setWithdraw(Withdraw.newBuilder().setNumber(transfer)).build();
    lane.drop(transfer);
    var _ = lane.say(frame);
    // Here, too, because the offer may have gone this way, and must not be overtaken.
    synchronized (withdrawals) {
      if (over) {
        return;
      }
      withdrawals.add(frame);
    }
    sendWithdrawals();
  }

  private boolean send(PeerFrame frame) {
    boolean sent = lane.say(frame) || stream.offer(frame);
    if (!sent) {
      wantRoom();
    }
    return sent;
  }

  private void sendWithdrawals() {
    int waiting;
    synchronized (withdrawals) {
      for (PeerFrame next = withdrawals.peek(); next != null; next = withdrawals.peek()) {
        if (!stream.offer(next)) {
          break;
        }
        withdrawals.remove();
      }
      waiting = withdrawals.size();
    }
    if (waiting > MAX_WITHDRAWALS) {
      stream.end("the peer reads too slowly: %d withdrawals wait".formatted(waiting));
    } else if (waiting > 0) {
      wantRoom();
    }
  }

  /**
   * That the stream can be written again is told only if it could not; what is missing may as well
   * be the other links' to give back.
   */
  private void wantRoom() {
    wanted.set(true);
    if (over || !retrying.compareAndSet(false, true)) {
      return;
    }
    try {
      var _ =
          host.timer()
              .schedule(
                  () -> {
                    retrying.set(false);
                    useRoom();
                  },
                  RETRY_EVERY.toNanos(),
                  TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // The relay is being closed.
    }
  }

  private void useRoom() {
    if (over || !wanted.getAndSet(false)) {
      return;
    }
    sendWithdrawals();
    pump.pump();
    listener.onRoom(this);
  }

  /** Drops what has not been sent. Idempotent. */
  void end() {
    synchronized (withdrawals) {
      over = true;
      withdrawals.clear();
    }
    pump.close().forEach(this::lost);
    bulk.close();
    steps.close();
    Outlet left = lane;
    lane = GrpcLane.OUTLET;
    left.close();
  }

  /** A push was accepted and has not gone out, or not all of it. */
  private void lost(long number) {
    if (OutboundSteps.isStep(number) && lost.add(number)) {
      link.counters().lost.increment();
    }
  }

  /** The link may have been closed while something was put where its end would not find it. */
  private void endIfOver() {
    if (over) {
      end();
    }
  }

  private Body body(Slot slot) {
    return lane.way() == Outlet.Way.SHARED ? new Body.Shared(slot.handle()) : new Body.ToGrant();
  }

  StreamHandler<PeerFrame, PeerReply> handler() {
    return new Exchanging();
  }

  private final class Exchanging implements StreamHandler<PeerFrame, PeerReply> {

    private final RemoteHost at = new RemoteHost();
    private final EnumSet<LaneKind> proposed = EnumSet.noneOf(LaneKind.class);

    @Override
    public Dialed dial(ClientResponseObserver<PeerFrame, PeerReply> observer) {
      return Dialed.on(
          channels.get(),
          channel ->
              LinkGrpc.newStub(channel)
                  .withInterceptors(at)
                  .withOnReadyThreshold(FlowControlledSender.READY_BYTES)
                  .carry(observer));
    }

    @Override
    public PeerFrame hello() {
      PeerHello.Builder hello =
          PeerHello.newBuilder()
              .setVersions(Versions.spoken())
              .setFrom(IdCodec.toWire(host.self()))
              .setSecret(link.secret())
              .setData(Lanes.ofSender(host));
      for (LaneKind wanted : config.lanes()) {
        if (Lanes.of(wanted).isAtHand(host)) {
          proposed.add(wanted);
          hello.addLanes(Lanes.toWire(wanted));
        }
      }
      return PeerFrame.newBuilder().setHello(hello).build();
    }

    @Override
    public void onWelcome(PeerReply answer) throws MalformedFrameException {
      if (!answer.hasWelcome()) {
        throw new MalformedFrameException("welcome", "missing");
      }
      PeerWelcome welcome = answer.getWelcome();
      if (!Versions.speaks(welcome.getVersion())) {
        throw new MalformedFrameException(
            "version", Integer.toUnsignedString(welcome.getVersion()) + " is not spoken here");
      }
      if (!welcome.hasIdentity()) {
        throw new MalformedFrameException("identity", "missing");
      }
      LaneKind chosen = Lanes.fromWire(welcome.getLane());
      if (chosen != LaneKind.GRPC && !proposed.contains(chosen)) {
        throw new MalformedFrameException("lane", chosen + " was not proposed");
      }
      trouble =
          chosen == LaneKind.GRPC && proposed.contains(LaneKind.UCX)
              ? "the other relay has no UCX, or leaves it out; by gRPC instead"
              : null;
      bulk.is(welcome.getBulkKey());
      // If what was sent beside the stream is lost, the peer does not know what has not come, and
      // is asked for all of it anew.
      lane = Lanes.of(chosen).open(welcome, at, host, stream::end);
      endIfOver();
      link.welcomed(PeerConnection.this, IdCodec.fromWire(welcome.getIdentity()));
    }

    @Override
    public void onReady() {
      ready = true;
      link.ready(PeerConnection.this);
      listener.onReady(PeerConnection.this);
    }

    @Override
    public void onAnswer(PeerReply answer) throws MalformedFrameException {
      PeerAnswer decoded = OfferCodec.fromWire(answer);
      switch (decoded) {
        case PeerAnswer.Taken _ -> link.counters().taken.increment();
        case PeerAnswer.Released(List<Long> numbers) ->
            numbers.stream().filter(OutboundSteps::isStep).forEach(steps::released);
        default -> {}
      }
      listener.onAnswer(PeerConnection.this, decoded);
    }

    @Override
    public void onWritable() {
      useRoom();
    }

    @Override
    public void onLost(String why) {
      end();
      link.lost();
      listener.onLost(PeerConnection.this, why);
    }

    @Override
    public void onDropped(List<PeerFrame> frames) {
      // With the connection goes all that was said on it, and of chunks it is said again.
      frames.forEach(frame -> lost(frame.getParcel().getNumber()));
    }
  }

  /** What becomes of the stream for large bodies. */
  private final class OfBodies implements BulkStream.Owner {

    @Override
    public void onWritable() {
      pump.pump();
    }

    @Override
    public void onDropped(List<BulkFrame> frames) {
      for (BulkFrame frame : frames) {
        lost(frame.getParcel().getNumber());
        lost(frame.getBody().getNumber());
      }
    }

    @Override
    public void onEnded(String why) {
      stream.end("large bodies: " + why);
    }
  }
}
