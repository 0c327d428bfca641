package io.baton.client.session;

import com.google.protobuf.MessageLite;
import io.baton.proto.codec.AbsorbedCodec;
import io.baton.proto.codec.DigestCodec;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.RoleCodec;
import io.baton.proto.codec.SourceCodec;
import io.baton.proto.codec.StageCodec;
import io.baton.proto.codec.StepCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.Absorbed;
import io.baton.proto.v1.ClientFrame;
import io.baton.proto.v1.Close;
import io.baton.proto.v1.Heartbeat;
import io.baton.proto.v1.Open;
import io.baton.proto.v1.Opened;
import io.baton.proto.v1.Output;
import io.baton.proto.v1.Refused;
import io.baton.proto.v1.RelayGrpc;
import io.baton.proto.v1.Sharing;
import io.baton.proto.v1.StageFrame;
import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.Proof;
import io.baton.session.model.Refusal;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import io.baton.session.model.Step;
import io.baton.session.model.StepId;
import io.baton.session.route.Candidate;
import io.baton.session.route.RouteEffect;
import io.baton.session.route.RouteInput;
import io.baton.session.stage.StageEffect;
import io.baton.transport.Budget;
import io.baton.transport.grpc.FlowControlledSender;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.grpc.SenderListener;
import io.baton.transport.grpc.StatusText;
import io.baton.transport.payload.Assembly;
import io.baton.transport.payload.DigestRule;
import io.baton.transport.payload.PayloadAssembler;
import io.baton.transport.payload.PayloadFrames;
import io.baton.transport.payload.PayloadLink;
import io.baton.transport.payload.PayloadMemory;
import io.baton.transport.pinned.PoolUse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A session's stream to one relay: turns effects into frames, and frames into inputs. gRPC calls it
 * from one thread at a time; effects come from the session's loop.
 */
final class StageConnection implements ClientResponseObserver<ClientFrame, StageFrame> {

  private static final long MAX_PAYLOAD_BYTES = 1L << 30;

  private final Candidate relay;
  private final SessionId session;
  private final Proof proof;
  private final SessionOptions options;
  private final Events events;
  private final PayloadLink payloads;
  private final PayloadAssembler assembler;
  private @Nullable FlowControlledSender<ClientFrame> sender;
  private @Nullable Output pending;
  private volatile boolean over;

  /** Where inputs go. */
  interface Events {
    void input(StageConnection from, RouteInput input);

    void timed(RelayId relay, StepId step, long stageNanos, long computeNanos);

    /** How long the relay keeps the session without a word, which may be less than was asked. */
    void granted(Duration lease);
  }

  private StageConnection(
      Candidate relay,
      SessionId session,
      Proof proof,
      SessionOptions options,
      PayloadMemory memory,
      Budget receiving,
      Events events) {
    this.relay = relay;
    this.session = session;
    this.proof = proof;
    this.options = options;
    this.events = events;
    this.payloads =
        memory.link(
            PoolUse.COMMAND,
            "session %s to %s".formatted(session.label(), relay.relay()),
            SenderLimits.DEFAULT.maxBytes(),
            this::report);
    this.assembler = payloads.assembler(MAX_PAYLOAD_BYTES, receiving);
  }

  static StageConnection open(
      Candidate relay,
      SessionId session,
      Proof proof,
      SessionOptions options,
      PayloadMemory memory,
      Budget receiving,
      ManagedChannel channel,
      Events events) {
    StageConnection connection =
        new StageConnection(relay, session, proof, options, memory, receiving, events);
    RelayGrpc.newStub(channel)
        .withOnReadyThreshold(FlowControlledSender.READY_BYTES)
        .session(connection);
    return connection;
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<ClientFrame> stream) {
    FlowControlledSender<ClientFrame> created =
        new FlowControlledSender<>(
            stream,
            MessageLite::getSerializedSize,
            SenderLimits.DEFAULT,
            SenderListener.none(),
            false);
    sender = created;
    stream.setOnReadyHandler(created::onReady);
  }

  // ---- towards the relay; false if it reads too slowly

  boolean send(RouteEffect.Open open) {
    Open.Builder wire =
        Open.newBuilder()
            .setVersions(Versions.spoken())
            .setSession(IdCodec.toWire(session))
            .setProof(IdCodec.toWire(proof))
            .setEpoch(open.epoch())
            .setModelId(options.modelId())
            .setSpan(StageCodec.toWire(relay.stage().span()))
            .setMaxLength(options.route().maxLength())
            .setLength(open.length())
            .setLeaseMillis(options.lease().toMillis())
            .setDigestAlgorithm(DigestCodec.toWire(options.algorithm()))
            .setRole(RoleCodec.toWire(open.role()));
    open.pushSources().forEach(source -> wire.addPushSources(IdCodec.toWire(source)));
    return offer(List.of(ClientFrame.newBuilder().setOpen(wire).build()));
  }

  boolean send(RouteEffect.Send step) {
    io.baton.proto.v1.Step.Builder wire =
        io.baton.proto.v1.Step.newBuilder()
            .setEpoch(step.step().id().epoch())
            .setStep(step.step().id().number())
            .setPosition(step.step().position())
            .setCount(step.step().count())
            .addAllNextPeers(IdCodec.peersToWire(step.nextPeers()));
    if (step.payload().isEmpty()) {
      wire.setDigest(DigestCodec.toWire(step.digest()));
      return offer(List.of(ClientFrame.newBuilder().setStep(wire).build()));
    }
    PayloadFrames payload = payloads.frame(step.payload().get());
    List<ClientFrame> frames = new ArrayList<>();
    frames.add(ClientFrame.newBuilder().setStep(wire.setPayload(payload.header())).build());
    payload.chunks().forEach(c -> frames.add(ClientFrame.newBuilder().setChunk(c).build()));
    return offer(frames);
  }

  void heartbeat() {
    offer(List.of(ClientFrame.newBuilder().setHeartbeat(Heartbeat.getDefaultInstance()).build()));
  }

  /** Ends the session at the relay. */
  void close() {
    over = true;
    offer(List.of(ClientFrame.newBuilder().setClose(Close.getDefaultInstance()).build()));
    sender().complete();
  }

  /** Drops the connection; the relay keeps the session until its lease is over. */
  void disconnect() {
    over = true;
    sender().fail(Status.CANCELLED.withDescription("the relay is given up").asRuntimeException());
  }

  private boolean offer(List<ClientFrame> frames) {
    return sender().offer(payloads.telling(frames, StageConnection::with));
  }

  private static ClientFrame with(ClientFrame frame, Sharing news) {
    return frame.toBuilder().setSharing(news).build();
  }

  /** On any thread. One that cannot be sent has no reader, which is noticed elsewhere. */
  private void report(Sharing news) {
    sender().offer(with(ClientFrame.getDefaultInstance(), news));
  }

  private FlowControlledSender<ClientFrame> sender() {
    FlowControlledSender<ClientFrame> created = sender;
    if (created == null) {
      throw new IllegalStateException("the stream has not been started");
    }
    return created;
  }

  // ---- from the relay

  @Override
  public void onNext(StageFrame frame) {
    work(() -> take(frame));
  }

  private interface Work {
    void run() throws MalformedFrameException;
  }

  private void work(Work work) {
    try {
      work.run();
    } catch (MalformedFrameException e) {
      lost("broke the protocol: " + e.getMessage());
      disconnect();
    }
  }

  private void take(StageFrame frame) throws MalformedFrameException {
    if (frame.hasSharing()) {
      payloads.take(frame.getSharing());
    }
    switch (frame.getFrameCase()) {
      case OPENED -> {
        // The answer to the first step may have nothing to wait for but this.
        payloads.report();
        opened(frame.getOpened());
      }
      case OUTPUT -> output(frame.getOutput());
      case CHUNK -> assembled(assembler.add(frame.getChunk()));
      case NEED_PAYLOAD ->
          input(
              new RouteInput.PayloadAsked(
                  relay.relay(),
                  StepCodec.idFromWire(
                      frame.getNeedPayload().getEpoch(), frame.getNeedPayload().getStep())));
      case MISMATCH -> mismatch(frame.getMismatch());
      case WORKING ->
          input(
              new RouteInput.Working(
                  relay.relay(),
                  StepCodec.idFromWire(frame.getWorking().getEpoch(), frame.getWorking().getStep()),
                  StepCodec.countFromWire(frame.getWorking().getWorkLeft(), "work_left")));
      case REFUSED -> refused(frame.getRefused());
      case ABSORBED -> absorbed(frame.getAbsorbed());
      case DRAINING -> input(new RouteInput.RelayDraining(relay.relay()));
      // A newer relay may say more than this build understands.
      case FRAME_NOT_SET -> {}
    }
  }

  private void opened(Opened opened) throws MalformedFrameException {
    RelayId identity = IdCodec.fromWire(opened.getIdentity());
    if (!identity.equals(relay.relay())) {
      lost("it is %s now: it has been restarted".formatted(identity));
      disconnect();
      return;
    }
    if (!Versions.speaks(opened.getVersion())) {
      throw new MalformedFrameException(
          "version", Integer.toUnsignedString(opened.getVersion()) + " was not offered");
    }
    long leaseMillis = StepCodec.countFromWire(opened.getLeaseMillis(), "lease_millis");
    if (leaseMillis > 0) {
      events.granted(Duration.ofMillis(leaseMillis));
    }
    input(
        new RouteInput.Opened(
            identity,
            StepCodec.countFromWire(opened.getEpoch(), "epoch"),
            StepCodec.lengthFromWire(opened.getCurrentLength(), "current_length"),
            IdCodec.ticketFromWire(opened.getPushTicket(), "push_ticket")));
  }

  private void output(Output output) throws MalformedFrameException {
    pending = output;
    assembled(assembler.begin(output.getPayload(), new DigestRule.Required(options.algorithm())));
  }

  private void assembled(Assembly assembly) throws MalformedFrameException {
    Output output = pending;
    if (assembly instanceof Assembly.Incomplete || output == null) {
      return;
    }
    pending = null;
    Step step =
        StepCodec.fromWire(
            output.getEpoch(), output.getStep(), output.getPosition(), output.getCount());
    switch (assembly) {
      case Assembly.Complete(Payload payload) -> answered(output, step, payload);
      case Assembly.DigestMismatch(Digest announced, Digest computed) ->
          again(
              step,
              "its output was announced with digest %s and has %s".formatted(announced, computed));
      case Assembly.NoRoom(long bytes) ->
          again(step, "no room to receive an output of %d bytes".formatted(bytes));
      case Assembly.Malformed(MalformedFrameException error) -> throw error;
      case Assembly.Stale stale -> throw stale.malformed();
      case Assembly.Unwanted _ -> {}
      case Assembly.Incomplete _ -> {}
    }
  }

  private void answered(Output output, Step step, Payload payload) throws MalformedFrameException {
    events.timed(relay.relay(), step.id(), output.getStageNanos(), output.getComputeNanos());
    input(
        new RouteInput.Answered(
            relay.relay(),
            step,
            SourceCodec.fromWire(output.getSourceValue(), "source"),
            DigestCodec.fromWire(output.getInputDigest()),
            payload));
  }

  private void absorbed(Absorbed wire) throws MalformedFrameException {
    StageEffect.Absorbed absorbed = AbsorbedCodec.fromWire(wire);
    input(
        new RouteInput.Absorbed(
            relay.relay(),
            absorbed.step(),
            absorbed.source(),
            absorbed.inputDigest(),
            absorbed.currentLength()));
  }

  /** Has the step sent again; the stage answers with what it has recorded. */
  private void again(Step step, String why) {
    input(new RouteInput.Refused(relay.relay(), step.id(), Refusal.BAD_DIGEST, why));
  }

  private void mismatch(io.baton.proto.v1.Mismatch mismatch) throws MalformedFrameException {
    input(
        new RouteInput.MismatchReported(
            relay.relay(),
            StepCodec.idFromWire(mismatch.getEpoch(), mismatch.getStep()),
            DigestCodec.fromWire(mismatch.getClientDigest()),
            DigestCodec.fromWire(mismatch.getPeerDigest()),
            IdCodec.fromWire(mismatch.getPeer()),
            mismatch.getRolledBack()));
  }

  private void refused(Refused refused) throws MalformedFrameException {
    Optional<Refusal> reason = RefusalNames.fromWire(refused.getReason());
    if (reason.isEmpty() || reason.get() == Refusal.MALFORMED) {
      lost("refused a frame: " + refused.getMessage());
      disconnect();
      return;
    }
    input(
        new RouteInput.Refused(
            relay.relay(),
            StepCodec.idFromWire(refused.getEpoch(), refused.getStep()),
            reason.get(),
            refused.getMessage()));
  }

  @Override
  public void onError(Throwable error) {
    Status status = Status.fromThrowable(error);
    gone(status);
    lost(StatusText.of(status));
  }

  @Override
  public void onCompleted() {
    gone(Status.OK);
    lost("has closed the stream");
  }

  private void gone(Status status) {
    assembler.close();
    payloads.close();
    sender().terminated(status.asRuntimeException());
  }

  private void lost(String why) {
    input(new RouteInput.RelayLost(relay.relay(), why));
  }

  private void input(RouteInput input) {
    if (!over) {
      events.input(this, input);
    }
  }
}
