package io.baton.transport.exchange;

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
import io.grpc.ManagedChannel;
import io.grpc.stub.ClientResponseObserver;
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
  private final BodyPump pump;
  private final LongAdder offered = new LongAdder();
  private final LongAdder taken = new LongAdder();
  private final LongAdder bytes = new LongAdder();
  private final LongAdder reconnects = new LongAdder();
  private volatile LaneKind lane = LaneKind.GRPC;
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
            new Exchanging(),
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
    pump.add(transfer, slot);
  }

  /** What was offered will not come. */
  public void withdraw(long transfer) {
    pump.drop(transfer);
    send(ExchangeFrame.newBuilder().setWithdraw(Withdraw.newBuilder().setTransfer(transfer)));
  }

  /** Drops what has not been sent and lets go of everything. Idempotent; does not wait. */
  @Override
  public void close() {
    stream.close();
    pump.dropAll();
  }

  private boolean send(ExchangeFrame.Builder frame) {
    return stream.offer(frame.build());
  }

  private Body body(Slot slot) {
    return lane == LaneKind.LOCAL ? new Body.Shared(slot.handle()) : new Body.ToGrant();
  }

  private final class Exchanging implements StreamHandler<ExchangeFrame, ExchangeReply> {

    private int welcomes;

    @Override
    public void call(
        ManagedChannel channel, ClientResponseObserver<ExchangeFrame, ExchangeReply> observer) {
      ExchangeGrpc.newStub(channel)
          .withOnReadyThreshold(FlowControlledSender.READY_BYTES)
          .exchange(observer);
    }

    @Override
    public ExchangeFrame hello() {
      return ExchangeFrame.newBuilder()
          .setHello(
              ExchangeHello.newBuilder()
                  .setVersions(Versions.spoken())
                  .setFrom(IdCodec.toWire(host.self()))
                  .setData(LaneChoice.address(host.pool()))
                  .addAllLanes(config.lanes().stream().map(LaneChoice::toWire).toList()))
          .build();
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
      remote = IdCodec.fromWire(welcome.getIdentity());
      lane = chosen;
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
      listener.onLost(PeerLink.this, why);
    }

    @Override
    public void onDropped(int groups) {}
  }
}
