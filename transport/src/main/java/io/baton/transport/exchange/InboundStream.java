package io.baton.transport.exchange;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.baton.proto.codec.FailureCodec;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.BodyPart;
import io.baton.proto.v1.ExchangeFrame;
import io.baton.proto.v1.ExchangeHello;
import io.baton.proto.v1.ExchangeReply;
import io.baton.proto.v1.ExchangeWelcome;
import io.baton.proto.v1.Granted;
import io.baton.proto.v1.OfferRefused;
import io.baton.proto.v1.Released;
import io.baton.proto.v1.Taken;
import io.baton.proto.v1.Waiting;
import io.baton.session.exchange.Failure;
import io.baton.session.model.RelayId;
import io.baton.transport.grpc.FlowControlledSender;
import io.baton.transport.grpc.SenderListener;
import io.baton.transport.grpc.StallWatch;
import io.baton.transport.lane.LaneKind;
import io.baton.transport.pinned.PoolMapping;
import io.baton.transport.pinned.Slot;
import io.baton.transport.ucx.Completion;
import io.baton.transport.ucx.Landing;
import io.baton.transport.ucx.UcxFailure;
import io.baton.transport.ucx.UcxHub;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The receiving side of one link. gRPC calls it from one thread at a time; answers come from any.
 */
final class InboundStream implements StreamObserver<ExchangeFrame>, Inbound {

  private final LinkHost host;
  private final List<LaneKind> lanes;
  private final ExchangeLimits limits;
  private final OfferReceiver receiver;
  private final FlowControlledSender<ExchangeReply> answers;
  private final Consumer<InboundStream> onClosed;
  private final Map<Long, Filling> fillings = new ConcurrentHashMap<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile @Nullable RelayId from;
  private volatile long origin;
  private volatile LaneKind lane = LaneKind.GRPC;
  private volatile @Nullable PoolMapping shared;
  private volatile long key;
  private volatile @Nullable StallWatch hello;

  InboundStream(
      LinkHost host,
      List<LaneKind> lanes,
      ExchangeLimits limits,
      OfferReceiver receiver,
      ServerCallStreamObserver<ExchangeReply> call,
      Consumer<InboundStream> onClosed) {
    this.host = host;
    this.lanes = lanes;
    this.limits = limits;
    this.receiver = receiver;
    this.onClosed = onClosed;
    this.answers =
        new FlowControlledSender<>(
            call, ExchangeReply::getSerializedSize, limits.answers(), new AnswersEnded(), false);
    call.setOnReadyHandler(answers::onReady);
  }

  // ---- answers

  @Override
  public RelayId remote() {
    RelayId known = from;
    if (known == null) {
      throw new IllegalStateException("the peer has not said who it is");
    }
    return known;
  }

  @Override
  public long origin() {
    return origin;
  }

  boolean isGreeted() {
    return from != null;
  }

  @Override
  public LaneKind lane() {
    return lane;
  }

  @Override
  public Optional<PoolMapping> pool() {
    return Optional.ofNullable(shared);
  }

  @Override
  public void waiting(long transfer, String detail) {
    answer(
        ExchangeReply.newBuilder()
            .setWaiting(Waiting.newBuilder().setTransfer(transfer).setDetail(detail)));
  }

  @Override
  public void grant(long transfer, Slot into) {
    into.retain();
    fillings.put(transfer, new Filling(into));
    if (closed.get()) {
      letGo();
    } else {
      answer(ExchangeReply.newBuilder().setGranted(Granted.newBuilder().setTransfer(transfer)));
    }
  }

  @Override
  public boolean revoke(long transfer) {
    Filling filling = fillings.remove(transfer);
    if (filling != null) {
      filling.slot().release();
    }
    return filling != null;
  }

  @Override
  public long written(long transfer) {
    Filling filling = fillings.get(transfer);
    return filling == null ? 0 : filling.written();
  }

  @Override
  public boolean isOver() {
    return closed.get();
  }

  @Override
  public void taken(long transfer) {
    answer(ExchangeReply.newBuilder().setTaken(Taken.newBuilder().setTransfer(transfer)));
  }

  @Override
  public void refused(long transfer, Failure failure) {
    answer(
        ExchangeReply.newBuilder()
            .setRefused(
                OfferRefused.newBuilder()
                    .setTransfer(transfer)
                    .setFailure(FailureCodec.toWire(failure))));
  }

  @Override
  public void released(long transfer) {
    answer(ExchangeReply.newBuilder().setReleased(Released.newBuilder().addTransfers(transfer)));
  }

  /** An answer that cannot be sent would leave the peer waiting: better that it starts anew. */
  private void answer(ExchangeReply.Builder reply) {
    ExchangeReply frame = reply.build();
    if (!answers.offer(frame) && !closed.get()) {
      end(Status.RESOURCE_EXHAUSTED, "too many answers wait to be sent");
    }
  }

  // ---- what the peer says

  @Override
  public void onNext(ExchangeFrame frame) {
    if (closed.get()) {
      return;
    }
    try {
      take(frame);
    } catch (MalformedFrameException e) {
      end(Status.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      end(Status.INTERNAL.withCause(e), String.valueOf(e));
    }
  }

  @Override
  public void onError(Throwable cause) {
    lose(String.valueOf(cause.getMessage()));
  }

  @Override
  public void onCompleted() {
    leave("the peer ended the stream");
    answers.complete();
  }

  /** Ends the stream if no hello comes. To be called once. */
  void awaitHello(ScheduledExecutorService timer) {
    StallWatch watch =
        new StallWatch(
            timer,
            limits.helloTimeout(),
            what -> end(Status.DEADLINE_EXCEEDED, what + " did not come"));
    hello = watch;
    watch.awaits("a hello");
    awaitHelloNoMore();
  }

  /** It may have come before others see that it is awaited. */
  private void awaitHelloNoMore() {
    StallWatch watch = hello;
    if (watch != null && (from != null || closed.get())) {
      watch.close();
    }
  }

  void close() {
    end(Status.UNAVAILABLE, "closed");
  }

  /** The call is over, in whichever way. */
  void lose(String why) {
    leave(why);
    answers.terminated(Status.CANCELLED.asException());
  }

  private void leave(String why) {
    if (closed.compareAndSet(false, true)) {
      awaitHelloNoMore();
      letGo();
      leaveUcx();
      onClosed.accept(this);
      if (from != null) {
        receiver.onLost(this, why);
      }
    }
  }

  private void end(Status status, String why) {
    answers.fail(status.withDescription(why).asException());
    lose(why);
  }

  private void letGo() {
    fillings.keySet().forEach(this::revoke);
  }

  /** Also by whoever greets while the stream is ended. */
  private synchronized void leaveUcx() {
    if (key != 0) {
      host.ucx().ifPresent(ucx -> ucx.leave(key));
    }
  }

  private void take(ExchangeFrame frame) throws MalformedFrameException {
    if (from == null) {
      if (!frame.hasHello()) {
        throw new MalformedFrameException("hello", "missing");
      }
      greet(frame.getHello());
      return;
    }
    switch (frame.getFrameCase()) {
      case HELLO -> throw new MalformedFrameException("hello", "comes twice");
      case OFFER -> receiver.onOffer(this, checked(OfferCodec.fromWire(frame.getOffer())));
      case CLOSE -> receiver.onClosing(this, OfferCodec.fromWire(frame.getClose()));
      case WITHDRAW -> {
        long transfer = frame.getWithdraw().getTransfer();
        revoke(transfer);
        receiver.onWithdraw(this, transfer);
      }
      case BODY -> write(frame.getBody());
      case FRAME_NOT_SET ->
          throw new MalformedFrameException("frame", "missing, unknown or unreadable");
    }
  }

  private Offer checked(Offer offer) throws MalformedFrameException {
    switch (offer.body()) {
      case Body.Inline(ByteString bytes) -> {
        if (bytes.size() > limits.inlineBytes()) {
          throw new MalformedFrameException(
              "offer.inline", "%d bytes; at most %d".formatted(bytes.size(), limits.inlineBytes()));
        }
      }
      case Body.Shared _ -> {
        if (lane != LaneKind.LOCAL) {
          throw new MalformedFrameException("offer.shared", "on the lane " + lane);
        }
      }
      case Body.ToGrant() -> {
        if (offer.content().bytes() == 0) {
          throw new MalformedFrameException("offer.body", "missing");
        }
      }
    }
    return offer;
  }

  private void greet(ExchangeHello hello) throws MalformedFrameException {
    OptionalInt version = Versions.negotiate(hello.getVersions());
    if (version.isEmpty()) {
      end(
          Status.FAILED_PRECONDITION,
          "no common version: " + Versions.refusal(hello.getVersions()));
      return;
    }
    if (!hello.hasFrom()) {
      throw new MalformedFrameException("hello.from", "missing");
    }
    RelayId peer;
    try {
      peer = IdCodec.fromWire(hello.getFrom());
    } catch (MalformedFrameException e) {
      throw e.in("hello.from");
    }
    long proven = OriginKey.of(peer, hello.getSecret());
    LaneChoice.Chosen chosen =
        LaneChoice.choose(LaneChoice.fromWire(hello.getLanesList()), lanes, hello.getData(), host);
    switch (chosen) {
      case LaneChoice.Chosen.Grpc() -> {}
      case LaneChoice.Chosen.Local(PoolMapping senders) -> shared = senders;
      case LaneChoice.Chosen.Ucx() -> key = host.ucx().orElseThrow().enter(new FramesByUcx());
    }
    lane = chosen.lane();
    origin = proven;
    from = peer;
    awaitHelloNoMore();
    answer(
        ExchangeReply.newBuilder()
            .setWelcome(
                ExchangeWelcome.newBuilder()
                    .setVersion(version.getAsInt())
                    .setIdentity(IdCodec.toWire(host.self()))
                    .setLane(LaneChoice.toWire(lane))
                    .setKey(key)
                    .setData(LaneChoice.ofReceiver(host))));
    if (closed.get()) {
      // Whoever ended the stream meanwhile did not see what there was to let go of.
      leaveUcx();
      receiver.onLost(this, "ended while it was greeted");
    }
  }

  private void write(BodyPart part) throws MalformedFrameException {
    long transfer = part.getTransfer();
    Filling filling = fillings.get(transfer);
    // Another thread may end the stream meanwhile, and the memory would be others' then.
    if (filling == null || !filling.slot().tryRetain()) {
      // Withdrawn or refused while it was on its way.
      return;
    }
    try {
      if (filling.write(part.getOffset(), part.getData()) && revoke(transfer)) {
        receiver.onBody(this, transfer);
      }
    } finally {
      filling.slot().release();
    }
  }

  /** Frames come by UCX as well as on the stream, and mean the same; bodies by UCX alone. */
  private final class FramesByUcx implements UcxHub.Target {

    @Override
    public void onFrame(ByteBuffer frame) {
      try {
        onNext(ExchangeFrame.parseFrom(frame));
      } catch (InvalidProtocolBufferException e) {
        end(Status.INVALID_ARGUMENT, "a frame by UCX: " + e.getMessage());
      }
    }

    @Override
    public Landing onBody(long transfer, long bytes) {
      Filling filling = fillings.remove(transfer);
      if (filling == null) {
        return Landing.REFUSED;
      }
      if (filling.slot().bytes() != bytes) {
        filling.slot().release();
        end(
            Status.INVALID_ARGUMENT,
            "a body of %d bytes where %d were granted".formatted(bytes, filling.slot().bytes()));
        return Landing.REFUSED;
      }
      return new Landing.Into(filling.slot().memory(), landed(transfer, filling.slot()));
    }

    private Completion landed(long transfer, Slot slot) {
      return new Completion() {
        @Override
        public void succeeded() {
          slot.release();
          receiver.onBody(InboundStream.this, transfer);
        }

        @Override
        public void failed(UcxFailure failure) {
          slot.release();
        }
      };
    }
  }

  private final class AnswersEnded implements SenderListener {

    @Override
    public void onDropped(int groups) {}

    @Override
    public void onEnded(Optional<Throwable> cause) {
      cause.ifPresent(error -> lose(String.valueOf(error.getMessage())));
    }
  }
}
