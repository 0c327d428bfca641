package io.baton.transport.exchange;

import com.google.protobuf.ByteString;
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
import io.baton.transport.lane.LaneKind;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolMapping;
import io.baton.transport.pinned.Slot;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The receiving side of one link. gRPC calls it from one thread at a time; answers come from any.
 */
final class InboundStream implements StreamObserver<ExchangeFrame>, Inbound {

  /** A slot that a body is being written into. */
  private static final class Landing {
    final Slot slot;
    long written;

    Landing(Slot slot) {
      this.slot = slot;
    }
  }

  private final RelayId self;
  private final PinnedPool pool;
  private final List<LaneKind> lanes;
  private final ExchangeLimits limits;
  private final OfferReceiver receiver;
  private final FlowControlledSender<ExchangeReply> answers;
  private final Consumer<InboundStream> onClosed;
  private final Map<Long, Landing> landings = new ConcurrentHashMap<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  private volatile @Nullable RelayId from;
  private volatile LaneKind lane = LaneKind.GRPC;
  private volatile @Nullable PoolMapping shared;
  private volatile @Nullable ScheduledFuture<?> helloTimer;

  InboundStream(
      RelayId self,
      PinnedPool pool,
      List<LaneKind> lanes,
      ExchangeLimits limits,
      OfferReceiver receiver,
      ServerCallStreamObserver<ExchangeReply> call,
      Consumer<InboundStream> onClosed) {
    this.self = self;
    this.pool = pool;
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
    landings.put(transfer, new Landing(into));
    if (closed.get()) {
      letGo();
    } else {
      answer(ExchangeReply.newBuilder().setGranted(Granted.newBuilder().setTransfer(transfer)));
    }
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
    if (!answers.offer(reply.build()) && !closed.get()) {
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
    lose("the peer ended the stream");
    answers.complete();
  }

  /** Ends the stream if no hello comes. To be called once. */
  void awaitHello(ScheduledExecutorService timer) {
    try {
      helloTimer =
          timer.schedule(
              () -> end(Status.DEADLINE_EXCEEDED, "no hello came"),
              limits.helloTimeout().toNanos(),
              TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // The relay is being closed.
      close();
    }
    cancelTimerIfDone();
  }

  /** The hello may have come before its timer has been put where others see it. */
  private void cancelTimerIfDone() {
    ScheduledFuture<?> timer = helloTimer;
    if (timer != null && (from != null || closed.get())) {
      timer.cancel(false);
    }
  }

  void close() {
    end(Status.UNAVAILABLE, "closed");
  }

  /** The call is over, in whichever way. */
  void lose(String why) {
    if (closed.compareAndSet(false, true)) {
      cancelTimerIfDone();
      letGo();
      onClosed.accept(this);
      if (from != null) {
        receiver.onLost(this, why);
      }
      answers.terminated(Status.CANCELLED.asException());
    }
  }

  private void end(Status status, String why) {
    answers.fail(status.withDescription(why).asException());
    lose(why);
  }

  private void letGo() {
    landings.keySet().forEach(this::dropLanding);
  }

  private void dropLanding(long transfer) {
    Landing landing = landings.remove(transfer);
    if (landing != null) {
      landing.slot.release();
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
        dropLanding(transfer);
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
    LaneChoice.Chosen chosen =
        LaneChoice.choose(LaneChoice.fromWire(hello.getLanesList()), lanes, hello.getData());
    lane = chosen.lane();
    shared = chosen.pool().orElse(null);
    from = peer;
    cancelTimerIfDone();
    answer(
        ExchangeReply.newBuilder()
            .setWelcome(
                ExchangeWelcome.newBuilder()
                    .setVersion(version.getAsInt())
                    .setIdentity(IdCodec.toWire(self))
                    .setLane(LaneChoice.toWire(chosen.lane()))
                    .setData(LaneChoice.address(pool))));
  }

  private void write(BodyPart part) throws MalformedFrameException {
    Landing landing = landings.get(part.getTransfer());
    if (landing == null) {
      // Withdrawn or refused while it was on its way.
      return;
    }
    ByteString data = part.getData();
    if (data.isEmpty() || data.size() > landing.slot.bytes() - landing.written) {
      throw new MalformedFrameException(
          "body.data",
          "%d bytes after %d of %d".formatted(data.size(), landing.written, landing.slot.bytes()));
    }
    data.copyTo(landing.slot.memory().asSlice(landing.written, data.size()).asByteBuffer());
    landing.written += data.size();
    if (landing.written == landing.slot.bytes()) {
      dropLanding(part.getTransfer());
      receiver.onBody(this, part.getTransfer());
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
