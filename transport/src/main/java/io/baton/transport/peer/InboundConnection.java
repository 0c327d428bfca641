package io.baton.transport.peer;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.BodyPart;
import io.baton.proto.v1.Parcel;
import io.baton.proto.v1.PeerFrame;
import io.baton.proto.v1.PeerHello;
import io.baton.proto.v1.PeerReply;
import io.baton.proto.v1.PeerWelcome;
import io.baton.session.exchange.Failure;
import io.baton.session.model.RelayId;
import io.baton.transport.LaneKind;
import io.baton.transport.Room;
import io.baton.transport.grpc.FlowControlledSender;
import io.baton.transport.grpc.SenderListener;
import io.baton.transport.grpc.StallWatch;
import io.baton.transport.pinned.PoolMapping;
import io.baton.transport.pinned.Slot;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The receiving side of one link. gRPC calls it from one thread at a time, and what comes beside
 * the stream from others; answers come from any.
 */
final class InboundConnection
    implements StreamObserver<PeerFrame>,
        Inbound,
        InboundSteps.Connection,
        InboundBodies.Connection {

  private final PeerHost host;
  private final List<LaneKind> lanes;
  private final PeerLimits limits;
  private final PushReceiver pushes;
  private final OfferReceiver offers;
  private final FlowControlledSender<PeerReply> answers;
  private final Consumer<InboundConnection> onClosed;
  private final ArrivalWatch watch;
  private final InboundSteps steps;
  private final InboundBodies bodies;
  private final Releases releases;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicBoolean toldOfLoss = new AtomicBoolean();
  private final StallWatch hello;
  private volatile @Nullable RelayId from;
  private volatile long origin;
  private volatile Intake intake = Intake.OF_FRAMES;
  private final long bulkKey;

  /** Under the lock. */
  private @Nullable InboundBulk bulk;

  /**
   * @param room what pushes of that caller may take while they arrive
   * @param bulkKey what the stream for large bodies is known by
   */
  InboundConnection(
      PeerHost host,
      List<LaneKind> lanes,
      PeerLimits limits,
      PeerService.Receivers receivers,
      Room room,
      long bulkKey,
      ServerCallStreamObserver<PeerReply> call,
      Consumer<InboundConnection> onClosed) {
    this.host = host;
    this.lanes = lanes;
    this.limits = limits;
    this.pushes = receivers.pushes();
    this.offers = receivers.offers();
    this.onClosed = onClosed;
    this.bulkKey = bulkKey;
    this.watch =
        new ArrivalWatch(
            host.timer(),
            limits.patience(),
            () -> lose("the rest of a push did not come", Status.DEADLINE_EXCEEDED));
    this.steps = new InboundSteps(host, limits, pushes, room, watch, this);
    this.bodies = new InboundBodies(watch, this);
    this.releases = new Releases(host.timer(), this::answer);
    this.hello =
        new StallWatch(
            host.timer(),
            limits.patience(),
            what -> end(Status.DEADLINE_EXCEEDED, DropReason.REFUSED, what + " did not come"));
    this.answers =
        new FlowControlledSender<>(
            call, PeerReply::getSerializedSize, limits.answers(), new AnswersEnded(), false);
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
    return intake.lane();
  }

  @Override
  public Optional<PoolMapping> pool() {
    return intake.pool();
  }

  @Override
  public void waiting(long transfer, String detail) {
    answer(PeerReplies.waiting(transfer, detail));
  }

  @Override
  public void grant(long transfer, Slot into) {
    bodies.grant(transfer, into);
    if (closed.get()) {
      bodies.close();
    } else {
      answer(PeerReplies.granted(transfer));
    }
  }

  @Override
  public boolean revoke(long transfer) {
    return bodies.revoke(transfer);
  }

  @Override
  public long written(long transfer) {
    return bodies.written(transfer);
  }

  @Override
  public boolean isOver() {
    return closed.get();
  }

  @Override
  public void taken(long transfer) {
    answer(PeerReplies.taken(transfer));
  }

  @Override
  public void refused(long transfer, Failure failure) {
    answer(PeerReplies.refused(transfer, failure));
  }

  @Override
  public void released(long transfer, long bytes) {
    releases.add(transfer, bytes);
  }

  /** An answer that cannot be sent would leave the peer waiting: better that it starts anew. */
  private void answer(PeerReply reply) {
    if (!answers.offer(reply) && !closed.get()) {
      end(Status.RESOURCE_EXHAUSTED, DropReason.NO_ROOM, "too many answers wait to be sent");
    }
  }

  // ---- what the peer says

  @Override
  public void onNext(PeerFrame frame) {
    hear(frame, LaneKind.GRPC);
  }

  /**
   * A frame that came on the stream, or beside it.
   *
   * @param by how it came
   */
  void hear(PeerFrame frame, LaneKind by) {
    attempt(() -> take(frame, by));
  }

  private interface Work {
    void run() throws MalformedFrameException;
  }

  private void attempt(Work work) {
    if (closed.get()) {
      return;
    }
    try {
      work.run();
    } catch (MalformedFrameException e) {
      end(Status.INVALID_ARGUMENT, DropReason.MALFORMED, String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      receiverFailed(e);
    }
  }

  private void receiverFailed(RuntimeException e) {
    end(Status.INTERNAL.withCause(e), DropReason.RECEIVER_FAILED, String.valueOf(e));
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
  void awaitHello() {
    hello.awaits("a hello");
    awaitHelloNoMore();
  }

  /** It may have come before others see that it is awaited. */
  private void awaitHelloNoMore() {
    if (from != null || closed.get()) {
      hello.close();
    }
  }

  void close() {
    lose("closed", Status.UNAVAILABLE);
  }

  /** The call is over, in whichever way. */
  void lose(String why) {
    leave(why);
    answers.terminated(Status.CANCELLED.asException());
  }

  private void lose(String why, Status told) {
    answers.fail(told.withDescription(why).asException());
    lose(why);
  }

  private void leave(String why) {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    awaitHelloNoMore();
    bodies.close();
    leaveLane();
    endBulk();
    onClosed.accept(this);
    for (int cut = steps.close(); cut > 0; cut--) {
      pushes.onDropped(DropReason.CUT_OFF, "%s, within a push: %s".formatted(from, why));
    }
    if (from != null) {
      tellOfLoss(why);
    }
  }

  /** Once, by whoever sees first that it was greeted and is over. */
  private void tellOfLoss(String why) {
    if (toldOfLoss.compareAndSet(false, true)) {
      offers.onLost(this, why);
    }
  }

  @Override
  public void onBody(long number) {
    offers.onBody(this, number);
  }

  @Override
  public void end(Status status, DropReason reason, String why) {
    if (!closed.get()) {
      pushes.onDropped(reason, why);
    }
    lose(why, status);
  }

  private void endBulk() {
    InboundBulk left;
    synchronized (this) {
      left = bulk;
    }
    if (left != null) {
      left.close();
    }
  }

  /** Also by whoever greets while the stream is ended. */
  private synchronized void leaveLane() {
    intake.leave();
  }

  private void take(PeerFrame frame, LaneKind by) throws MalformedFrameException {
    if (frame.getFrameCase() == PeerFrame.FrameCase.FRAME_NOT_SET) {
      throw new MalformedFrameException("frame", "missing, unknown or unreadable");
    }
    if (from == null) {
      if (!frame.hasHello()) {
        throw new MalformedFrameException("hello", "missing");
      }
      greet(frame.getHello());
      return;
    }
    switch (frame.getFrameCase()) {
      case HELLO -> throw new MalformedFrameException("hello", "comes twice");
      case PARCEL -> take(frame.getParcel(), by);
      case BODY -> write(frame.getBody());
      case CLOSE -> offers.onClosing(this, OfferCodec.fromWire(frame.getClose()));
      case WITHDRAW -> {
        long transfer = frame.getWithdraw().getNumber();
        revoke(transfer);
        offers.onWithdraw(this, transfer);
      }
      case FRAME_NOT_SET -> throw new AssertionError("looked at before");
    }
  }

  /** A parcel on the stream for large bodies. */
  void hear(Parcel parcel) {
    attempt(() -> take(parcel, LaneKind.GRPC));
  }

  /** A part on the stream for large bodies. */
  void hear(BodyPart part) {
    attempt(() -> write(part));
  }

  /** The stream for large bodies, which ends with it; false if there is one, or it is over. */
  synchronized boolean join(InboundBulk stream) {
    if (bulk != null || closed.get()) {
      return false;
    }
    bulk = stream;
    return true;
  }

  /** The stream for large bodies has ended, and this one does: what was under way there is lost. */
  void loseBulk(String why) {
    lose(why, Status.ABORTED);
  }

  /** Drawn at random: what the stream for large bodies is known by. */
  long bulkKey() {
    return bulkKey;
  }

  private void take(Parcel parcel, LaneKind by) throws MalformedFrameException {
    switch (parcel.getHeadCase()) {
      case STEP -> steps.take(parcel, by);
      case CHUNK -> offers.onOffer(this, checked(OfferCodec.fromWire(parcel)));
      case HEAD_NOT_SET ->
          throw new MalformedFrameException("parcel.head", "missing, unknown or unreadable");
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
        if (pool().isEmpty()) {
          throw new MalformedFrameException("offer.shared", "on the lane " + lane());
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

  private void greet(PeerHello said) throws MalformedFrameException {
    OptionalInt version = Versions.negotiate(said.getVersions());
    if (version.isEmpty()) {
      end(
          Status.FAILED_PRECONDITION,
          DropReason.REFUSED,
          "no common version: " + Versions.refusal(said.getVersions()));
      return;
    }
    RelayId peer = peer(said);
    origin = OriginKey.of(peer, said.getSecret());
    Intake chosen =
        Lanes.choose(
            Lanes.fromWire(said.getLanesList()),
            lanes,
            said.getData(),
            host,
            new BesideStream(this, steps, bodies));
    intake = chosen;
    from = peer;
    awaitHelloNoMore();
    answer(
        PeerReply.newBuilder()
            .setWelcome(
                PeerWelcome.newBuilder()
                    .setVersion(version.getAsInt())
                    .setIdentity(IdCodec.toWire(host.self()))
                    .setLane(Lanes.toWire(chosen.lane()))
                    .setKey(chosen.key())
                    .setBulkKey(bulkKey)
                    .setData(Lanes.ofReceiver(host)))
            .build());
    if (closed.get()) {
      // Whoever ended the stream meanwhile did not see what there was to let go of.
      leaveLane();
      tellOfLoss("ended while it was greeted");
    }
  }

  private static RelayId peer(PeerHello said) throws MalformedFrameException {
    if (!said.hasFrom()) {
      throw new MalformedFrameException("hello.from", "missing");
    }
    try {
      return IdCodec.fromWire(said.getFrom());
    } catch (MalformedFrameException e) {
      throw e.in("hello.from");
    }
  }

  private void write(BodyPart part) throws MalformedFrameException {
    if (OutboundSteps.isStep(part.getNumber())) {
      steps.part(part);
    } else {
      bodies.part(part);
    }
  }

  private final class AnswersEnded implements SenderListener<PeerReply> {

    @Override
    public void onDropped(List<PeerReply> frames) {}

    @Override
    public void onEnded(Optional<Throwable> cause) {
      cause.ifPresent(error -> lose(String.valueOf(error.getMessage())));
    }
  }
}
