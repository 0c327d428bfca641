package io.baton.transport.exchange;

import com.google.protobuf.InvalidProtocolBufferException;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.ExchangeFrame;
import io.baton.proto.v1.ExchangeGrpc;
import io.baton.proto.v1.ExchangeHello;
import io.baton.proto.v1.ExchangeReply;
import io.baton.proto.v1.ExchangeWelcome;
import io.baton.proto.v1.Withdraw;
import io.baton.session.model.RelayId;
import io.baton.transport.grpc.Channels;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.FlowControlledSender;
import io.baton.transport.lane.LaneKind;
import io.baton.transport.lane.LaneState;
import io.baton.transport.lane.grpc.KeptStream;
import io.baton.transport.lane.grpc.StreamHandler;
import io.baton.transport.pinned.Slot;
import io.baton.transport.ucx.Landing;
import io.baton.transport.ucx.UcxConnectException;
import io.baton.transport.ucx.UcxFailure;
import io.baton.transport.ucx.UcxHub;
import io.baton.transport.ucx.UcxWire;
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientResponseObserver;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The way on which this relay offers chunks to one other. It is kept: when it breaks it is made
 * anew, with whichever lane works then. Any thread may call; none is made to wait.
 */
public final class PeerLink implements AutoCloseable {

  private final String address;
  private final LinkHost host;
  private final LinkConfig config;
  private final LinkListener listener;
  private final KeptStream<ExchangeFrame, ExchangeReply> stream;
  private final Exchanging exchanging = new Exchanging();
  private final BodyPump pump;
  private final LongAdder offered = new LongAdder();
  private final LongAdder taken = new LongAdder();
  private final LongAdder bytes = new LongAdder();
  private final LongAdder reconnects = new LongAdder();
  private volatile LaneKind lane = LaneKind.GRPC;
  private volatile @Nullable UcxWire wire;
  private volatile long wireKey;
  private volatile @Nullable RelayId remote;

  private PeerLink(
      String address,
      LinkHost host,
      LinkConfig config,
      LinkListener listener,
      RandomGenerator random) {
    this.address = address;
    this.host = host;
    this.config = config;
    this.listener = listener;
    Endpoint peer = Endpoint.parse(address);
    this.stream =
        new KeptStream<>(
            () -> Channels.open(host.loops(), peer, config.credentials(), config.keepAlive()),
            exchanging,
            ExchangeFrame::getSerializedSize,
            config.stream(),
            host.queuedBytes(),
            host.timer(),
            random);
    this.pump = new BodyPump(stream, config.partBytes());
  }

  /**
   * Begins to connect and returns without waiting for it.
   *
   * @param address HOST:PORT
   * @param random for jitter; used by one thread at a time
   * @throws IllegalArgumentException if that is no address
   */
  public static PeerLink open(
      String address,
      LinkHost host,
      LinkConfig config,
      LinkListener listener,
      RandomGenerator random) {
    PeerLink link = new PeerLink(address, host, config, listener, random);
    link.stream.open();
    return link;
  }

  public String address() {
    return address;
  }

  /** The lane of the connection that there is, or was last. */
  public LaneKind lane() {
    return lane;
  }

  public LaneState state() {
    return stream.state();
  }

  /** Who answered at the other end, the last time that somebody did. */
  public Optional<RelayId> remote() {
    return Optional.ofNullable(remote);
  }

  /** Why the last attempt or connection failed, in words. */
  public Optional<String> lastFailure() {
    return stream.lastFailure();
  }

  public LinkStats stats() {
    return new LinkStats(offered.sum(), taken.sum(), bytes.sum(), reconnects.sum());
  }

  /**
   * Offers a chunk; false if the link is down or has too much waiting.
   *
   * @param slot where its bytes are, of which the peer is told how to get them; null if they are in
   *     the offer
   */
  public boolean offer(Offer offer, @Nullable Slot slot) {
    Offer complete = slot == null ? offer : offer.with(body(slot));
    boolean sent = send(ExchangeFrame.newBuilder().setOffer(OfferCodec.toWire(complete)));
    if (sent) {
      offered.increment();
    }
    return sent;
  }

  /** Tells how many chunks a datum has; false if the link is down or has too much waiting. */
  public boolean closing(Closing closing) {
    return send(ExchangeFrame.newBuilder().setClose(OfferCodec.toWire(closing)));
  }

  /** Sends the bytes for which the peer has made room. */
  public void body(long transfer, Slot slot) {
    bytes.add(slot.bytes());
    UcxWire fast = wire;
    if (fast == null) {
      pump.add(transfer, slot);
    } else {
      fast.body(wireKey, transfer, slot);
    }
  }

  /** What was offered will not come. */
  public void withdraw(long transfer) {
    pump.drop(transfer);
    ExchangeFrame frame =
        ExchangeFrame.newBuilder().setWithdraw(Withdraw.newBuilder().setTransfer(transfer)).build();
    UcxWire fast = wire;
    if (fast != null) {
      fast.drop(wireKey, transfer);
      fast.frame(wireKey, frame);
    }
    // Here, too, because the offer may have gone this way, and must not be overtaken.
    stream.offer(frame);
  }

  /** Drops what has not been sent and lets go of everything. Idempotent; does not wait. */
  @Override
  public void close() {
    stream.close();
    pump.dropAll();
    exchanging.leave();
    cutWire();
  }

  private boolean send(ExchangeFrame.Builder builder) {
    ExchangeFrame frame = builder.build();
    UcxWire fast = wire;
    return (fast != null && fast.frame(wireKey, frame)) || stream.offer(frame);
  }

  private void cutWire() {
    UcxWire cut = wire;
    wire = null;
    if (cut != null) {
      cut.close();
    }
  }

  private Body body(Slot slot) {
    return lane == LaneKind.LOCAL ? new Body.Shared(slot.handle()) : new Body.ToGrant();
  }

  private final class Exchanging implements StreamHandler<ExchangeFrame, ExchangeReply> {

    private int welcomes;
    private long key;
    private boolean ucxFailed;

    @Override
    public void call(
        ManagedChannel channel, ClientResponseObserver<ExchangeFrame, ExchangeReply> observer) {
      ExchangeGrpc.newStub(channel)
          .withOnReadyThreshold(FlowControlledSender.READY_BYTES)
          .exchange(observer);
    }

    /** After UCX has failed, the next connection is made without it, and the one after with it. */
    @Override
    public ExchangeFrame hello() {
      ExchangeHello.Builder hello =
          ExchangeHello.newBuilder()
              .setVersions(Versions.spoken())
              .setFrom(IdCodec.toWire(host.self()))
              .setData(LaneChoice.address(host));
      for (LaneKind wanted : config.lanes()) {
        if (wanted != LaneKind.UCX || (host.workingUcx().isPresent() && !ucxFailed)) {
          hello.addLanes(LaneChoice.toWire(wanted));
        }
      }
      ucxFailed = false;
      leave();
      host.workingUcx().ifPresent(ucx -> key = ucx.enter(new AnswersByUcx()));
      return ExchangeFrame.newBuilder().setHello(hello.setKey(key)).build();
    }

    private void leave() {
      if (key != 0) {
        host.ucx().ifPresent(ucx -> ucx.leave(key));
        key = 0;
      }
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
      if (chosen == LaneKind.UCX) {
        wireKey = welcome.getKey();
        wire = connect(welcome);
      }
      remote = IdCodec.fromWire(welcome.getIdentity());
      lane = chosen;
    }

    private UcxWire connect(ExchangeWelcome welcome) throws MalformedFrameException {
      UcxHub ucx =
          host.ucx().orElseThrow(() -> new MalformedFrameException("lane", "there is no UCX here"));
      try {
        return ucx.connect(welcome.getData().getUcx().toByteArray(), this::onWireLost);
      } catch (UcxConnectException e) {
        ucxFailed = true;
        throw new MalformedFrameException("data.ucx", String.valueOf(e.getMessage()));
      }
    }

    private void onWireLost(UcxFailure failure) {
      ucxFailed = true;
      stream.reconnect("UCX: " + failure);
    }

    @Override
    public void onReady() {
      if (welcomes++ > 0) {
        reconnects.increment();
      }
      listener.onReady(PeerLink.this);
    }

    @Override
    public void onAnswer(ExchangeReply answer) throws MalformedFrameException {
      LinkAnswer decoded = OfferCodec.fromWire(answer);
      if (decoded instanceof LinkAnswer.Taken) {
        taken.increment();
      }
      listener.onAnswer(PeerLink.this, decoded);
    }

    @Override
    public void onWritable() {
      pump.pump();
    }

    @Override
    public void onLost(String why) {
      pump.dropAll();
      leave();
      cutWire();
      listener.onLost(PeerLink.this, why);
    }

    @Override
    public void onDropped(int groups) {}
  }

  /** Answers come by UCX as well as on the stream, and mean the same. */
  private final class AnswersByUcx implements UcxHub.Target {

    @Override
    public void onFrame(ByteBuffer frame) {
      try {
        exchanging.onAnswer(ExchangeReply.parseFrom(frame));
      } catch (InvalidProtocolBufferException | MalformedFrameException e) {
        stream.reconnect("an answer by UCX: " + e.getMessage());
      }
    }

    @Override
    public Landing onBody(long transfer, long bytes) {
      return Landing.REFUSED;
    }
  }
}
