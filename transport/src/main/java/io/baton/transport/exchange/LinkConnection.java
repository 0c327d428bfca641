package io.baton.transport.exchange;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.ExchangeFrame;
import io.baton.proto.v1.ExchangeGrpc;
import io.baton.proto.v1.ExchangeHello;
import io.baton.proto.v1.ExchangeReply;
import io.baton.proto.v1.ExchangeWelcome;
import io.baton.proto.v1.Withdraw;
import io.baton.transport.grpc.FlowControlledSender;
import io.baton.transport.grpc.RemoteHost;
import io.baton.transport.lane.LaneKind;
import io.baton.transport.pinned.Slot;
import io.baton.transport.stream.Dialed;
import io.baton.transport.stream.StreamConnection;
import io.baton.transport.stream.StreamHandler;
import io.baton.transport.ucx.UcxFailure;
import io.baton.transport.ucx.UcxHub;
import io.baton.transport.ucx.UcxWay;
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientResponseObserver;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
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
public final class LinkConnection {

  /** How often it is tried again where there was no room, if nothing else tells of some. */
  private static final Duration RETRY_EVERY = Duration.ofMillis(20);

  /** More than this never wait in a connection that goes on. */
  private static final int MAX_WITHDRAWALS = 1 << 16;

  private final PeerLink link;
  private final LinkHost host;
  private final LinkConfig config;
  private final LinkListener listener;
  private final StreamConnection<ExchangeFrame> stream;
  private final Supplier<ManagedChannel> channels;
  private final BodyPump pump;
  private final Deque<ExchangeFrame> withdrawals = new ArrayDeque<>();
  private final AtomicBoolean wanted = new AtomicBoolean();
  private final AtomicBoolean retrying = new AtomicBoolean();
  private volatile boolean over;
  private volatile LaneKind lane = LaneKind.GRPC;
  private volatile @Nullable UcxWay way;
  private volatile long key;
  private volatile @Nullable String trouble;

  LinkConnection(
      PeerLink link,
      LinkHost host,
      LinkConfig config,
      LinkListener listener,
      StreamConnection<ExchangeFrame> stream,
      Supplier<ManagedChannel> channels) {
    this.link = link;
    this.host = host;
    this.config = config;
    this.listener = listener;
    this.stream = stream;
    this.channels = channels;
    this.pump = new BodyPump(stream, config.partBytes(), this::wantRoom);
  }

  public PeerLink link() {
    return link;
  }

  /** By which bodies travel now: those of the lane ucx by gRPC until UCX has got through. */
  public LaneKind lane() {
    UcxWay fast = way;
    return lane == LaneKind.UCX && (fast == null || !fast.isReady()) ? LaneKind.GRPC : lane;
  }

  /** Why bodies go by a slower way than they might, in words; empty if nothing is wrong. */
  Optional<String> trouble() {
    UcxWay fast = way;
    return fast == null ? Optional.ofNullable(trouble) : fast.trouble();
  }

  /**
   * Offers a chunk; false if too much waits to be sent, of which {@link LinkListener#onRoom} tells
   * the end, or if the connection is lost.
   *
   * @param slot where its bytes are, of which the peer is told how to get them; null if they are in
   *     the offer
   */
  public boolean offer(Offer offer, @Nullable Slot slot) {
    Offer complete = slot == null ? offer : offer.with(body(slot));
    boolean sent = send(ExchangeFrame.newBuilder().setOffer(OfferCodec.toWire(complete)).build());
    if (sent) {
      link.offered();
    }
    return sent;
  }

  /** Tells how many chunks a datum has; false as for an offer. */
  public boolean closing(Closing closing) {
    return send(ExchangeFrame.newBuilder().setClose(OfferCodec.toWire(closing)).build());
  }

  /** Sends the bytes for which the peer has made room, unless the connection is lost. */
  public void body(long transfer, Slot slot) {
    link.handedOver(slot.bytes());
    UcxWay fast = way;
    if (fast == null || !fast.body(key, transfer, slot)) {
      pump.add(transfer, slot);
    }
  }

  /** What was offered will not come. The peer is told as soon as there is room for it. */
  public void withdraw(long transfer) {
    pump.drop(transfer);
    ExchangeFrame frame =
        ExchangeFrame.newBuilder().setWithdraw(Withdraw.newBuilder().setTransfer(transfer)).build();
    UcxWay fast = way;
    if (fast != null) {
      fast.drop(key, transfer);
      var _ = fast.frame(key, frame);
    }
    // Here, too, because the offer may have gone this way, and must not be overtaken.
    synchronized (withdrawals) {
      if (over) {
        return;
      }
      withdrawals.add(frame);
    }
    sendWithdrawals();
  }

  private boolean send(ExchangeFrame frame) {
    UcxWay fast = way;
    boolean sent = (fast != null && fast.frame(key, frame)) || stream.offer(frame);
    if (!sent) {
      wantRoom();
    }
    return sent;
  }

  private void sendWithdrawals() {
    int waiting;
    synchronized (withdrawals) {
      for (ExchangeFrame next = withdrawals.peek(); next != null; next = withdrawals.peek()) {
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
    pump.close();
    UcxWay left = way;
    way = null;
    if (left != null) {
      left.close();
    }
  }

  /** The link may have been closed while something was put where its end would not find it. */
  private void endIfOver() {
    if (over) {
      end();
    }
  }

  private Body body(Slot slot) {
    return lane == LaneKind.LOCAL ? new Body.Shared(slot.handle()) : new Body.ToGrant();
  }

  StreamHandler<ExchangeFrame, ExchangeReply> handler() {
    return new Exchanging();
  }

  private final class Exchanging implements StreamHandler<ExchangeFrame, ExchangeReply> {

    private final RemoteHost at = new RemoteHost();
    private boolean wantsUcx;

    @Override
    public Dialed dial(ClientResponseObserver<ExchangeFrame, ExchangeReply> observer) {
      return Dialed.on(
          channels.get(),
          channel ->
              ExchangeGrpc.newStub(channel)
                  .withInterceptors(at)
                  .withOnReadyThreshold(FlowControlledSender.READY_BYTES)
                  .exchange(observer));
    }

    @Override
    public ExchangeFrame hello() {
      ExchangeHello.Builder hello =
          ExchangeHello.newBuilder()
              .setVersions(Versions.spoken())
              .setFrom(IdCodec.toWire(host.self()))
              .setSecret(link.secret())
              .setData(LaneChoice.ofSender(host));
      wantsUcx = config.lanes().contains(LaneKind.UCX) && host.workingUcx().isPresent();
      for (LaneKind wantedLane : config.lanes()) {
        if (wantedLane != LaneKind.UCX || wantsUcx) {
          hello.addLanes(LaneChoice.toWire(wantedLane));
        }
      }
      return ExchangeFrame.newBuilder().setHello(hello).build();
    }

    @Override
    public void onWelcome(ExchangeReply answer) throws MalformedFrameException {
      if (!answer.hasWelcome()) {
        throw new MalformedFrameException("welcome", "missing");
      }
      ExchangeWelcome welcome = answer.getWelcome();
      if (!Versions.speaks(welcome.getVersion())) {
        throw new MalformedFrameException(
            "version", Integer.toUnsignedString(welcome.getVersion()) + " is not spoken here");
      }
      if (!welcome.hasIdentity()) {
        throw new MalformedFrameException("identity", "missing");
      }
      LaneKind chosen = LaneChoice.fromWire(welcome.getLane());
      if (chosen != LaneKind.GRPC && !config.lanes().contains(chosen)) {
        throw new MalformedFrameException("lane", chosen + " was not proposed");
      }
      trouble =
          chosen == LaneKind.GRPC && wantsUcx
              ? "the other relay has no UCX, or leaves it out; by gRPC instead"
              : null;
      if (chosen == LaneKind.UCX) {
        key = welcome.getKey();
        way = wayTo(welcome.getData().getUcx());
        endIfOver();
      }
      lane = chosen;
      link.welcomed(IdCodec.fromWire(welcome.getIdentity()));
    }

    /** Of what whoever was asked says, where it was asked. */
    private UcxWay wayTo(ByteString address) throws MalformedFrameException {
      UcxHub ucx =
          host.ucx().orElseThrow(() -> new MalformedFrameException("lane", "there is no UCX here"));
      InetAddress there =
          at.get().orElseThrow(() -> new MalformedFrameException("lane", "UCX needs a network"));
      return ucx.way(address.toByteArray(), there, this::onWayLost);
    }

    /** The peer does not know what has not come, and is asked for all of it anew. */
    private void onWayLost(UcxFailure failure) {
      stream.end("UCX: " + failure);
    }

    @Override
    public void onReady() {
      link.ready();
      listener.onReady(LinkConnection.this);
    }

    @Override
    public void onAnswer(ExchangeReply answer) throws MalformedFrameException {
      LinkAnswer decoded = OfferCodec.fromWire(answer);
      if (decoded instanceof LinkAnswer.Taken) {
        link.taken();
      }
      listener.onAnswer(LinkConnection.this, decoded);
    }

    @Override
    public void onWritable() {
      pump.pump();
      useRoom();
    }

    @Override
    public void onLost(String why) {
      end();
      listener.onLost(LinkConnection.this, why);
    }

    @Override
    public void onDropped(int groups) {
      // With the connection goes all that was said on it.
    }
  }
}
