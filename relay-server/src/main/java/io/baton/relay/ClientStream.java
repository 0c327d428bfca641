package io.baton.relay;

import com.google.protobuf.MessageLite;
import io.baton.proto.codec.DigestCodec;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PayloadOutline;
import io.baton.proto.codec.StepCodec;
import io.baton.proto.v1.ClientFrame;
import io.baton.proto.v1.Open;
import io.baton.proto.v1.Sharing;
import io.baton.proto.v1.StageFrame;
import io.baton.proto.v1.Step;
import io.baton.session.model.Payload;
import io.baton.session.model.Peer;
import io.baton.session.model.Refusal;
import io.baton.session.model.SessionId;
import io.baton.session.model.StepId;
import io.baton.session.stage.StageConfig;
import io.baton.session.stage.StageEffect;
import io.baton.session.stage.StageInput;
import io.baton.transport.Room;
import io.baton.transport.Share;
import io.baton.transport.grpc.Caller;
import io.baton.transport.grpc.FlowControlledSender;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.grpc.SenderListener;
import io.baton.transport.grpc.StallWatch;
import io.baton.transport.payload.Assembly;
import io.baton.transport.payload.DigestRule;
import io.baton.transport.payload.PayloadAssembler;
import io.baton.transport.payload.PayloadFrames;
import io.baton.transport.payload.PayloadLink;
import io.baton.transport.payload.PayloadMemory;
import io.baton.transport.pinned.PoolUse;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * One client's stream for one session: reads frames, puts payloads together, and hands steps to the
 * session. gRPC calls it from one thread at a time.
 */
final class ClientStream implements StreamObserver<ClientFrame>, ClientSink {

  private static final String OPENING = "an opening";
  private static final String REST = "the rest of a payload";

  private final SessionOpener opener;
  private final Caller caller;
  private final PayloadLink payloads;
  private final PayloadAssembler assembler;
  private final StallWatch stalls;
  private final Executor streams;
  private final Runnable onGone;
  private final FlowControlledSender<StageFrame> sender;
  private @Nullable SessionId carried;
  private @Nullable RelaySession session;
  private @Nullable PendingStep pending;
  private boolean over;
  private boolean broken;
  private boolean released;

  /** A step whose payload is on its way. */
  private record PendingStep(
      io.baton.session.model.Step step,
      List<Peer> nextPeers,
      Optional<StageConfig.Objection> objection) {}

  ClientStream(
      SessionOpener opener,
      Caller caller,
      PayloadMemory memory,
      Receiving receiving,
      ServerCallStreamObserver<StageFrame> observer,
      SenderLimits limits) {
    this.opener = opener;
    this.caller = caller;
    this.payloads =
        memory.link(
            PoolUse.COMMAND,
            "a client",
            limits.maxBytes(),
            news -> offer(List.of(with(StageFrame.getDefaultInstance(), news))));
    this.assembler = payloads.assembler(receiving.maxBytes(), receiving.room());
    this.stalls = new StallWatch(receiving.timer(), StallWatch.PATIENCE, this::stalled);
    this.streams = receiving.streams();
    this.onGone = receiving.onGone();
    this.sender =
        new FlowControlledSender<>(
            observer,
            MessageLite::getSerializedSize,
            limits,
            receiving.answers(),
            SenderListener.none(),
            false);
    observer.setOnReadyThreshold(FlowControlledSender.READY_BYTES);
    observer.setOnReadyHandler(sender::onReady);
    observer.setOnCancelHandler(this::gone);
    // Also when it is this end that has ended the stream.
    observer.setOnCloseHandler(this::gone);
    stalls.awaits(OPENING);
  }

  /**
   * What a stream is given to receive payloads with.
   *
   * @param maxBytes the most that one payload may have
   * @param room what is left for this client
   * @param answers what is left for answers that it has not read
   * @param timer ends a stream that has stalled
   * @param streams runs tasks one at a time, and not at the same time as what the stream is told
   * @param onGone told once when the stream is over
   */
  record Receiving(
      long maxBytes,
      Room room,
      Room answers,
      ScheduledExecutorService timer,
      Executor streams,
      Runnable onGone) {}

  /** On any thread: what is kept for the stream is given back when its call ends of it. */
  private void stalled(String what) {
    sender.fail(
        Status.DEADLINE_EXCEEDED.withDescription(what + " did not come").asRuntimeException());
  }

  @Override
  public void onNext(ClientFrame frame) {
    work(() -> take(frame));
  }

  private interface Work {
    void run() throws MalformedFrameException;
  }

  private void work(Work work) {
    if (broken) {
      return;
    }
    try {
      work.run();
      if (assembler.busy()) {
        stalls.progressed(REST);
      } else if (session != null && !over) {
        stalls.settled();
      }
    } catch (MalformedFrameException e) {
      malformed(e);
    }
  }

  private void take(ClientFrame frame) throws MalformedFrameException {
    if (frame.hasSharing()) {
      payloads.take(frame.getSharing());
    }
    switch (frame.getFrameCase()) {
      case OPEN -> open(frame.getOpen());
      case STEP -> step(frame.getStep());
      case CHUNK -> assembled(assembler.add(frame.getChunk()));
      case HEARTBEAT -> current().renewLease(this);
      case CLOSE -> current().closedBy(this);
      case FRAME_NOT_SET -> {
        if (!frame.hasSharing()) {
          throw new MalformedFrameException("frame", "missing or unknown");
        }
      }
    }
  }

  @Override
  public void onError(Throwable error) {
    gone();
  }

  @Override
  public void onCompleted() {
    release();
    sender.complete();
  }

  @Override
  public void respond(StageEffect.Respond output) {
    PayloadFrames payload = payloads.frame(output.output());
    send(StageFrames.output(output, payload));
  }

  @Override
  public void send(List<StageFrame> frames) {
    offer(payloads.telling(frames, ClientStream::with));
  }

  private static StageFrame with(StageFrame frame, Sharing news) {
    return frame.toBuilder().setSharing(news).build();
  }

  private void offer(List<StageFrame> frames) {
    if (!sender.offer(frames)) {
      sender.fail(
          Status.RESOURCE_EXHAUSTED
              .withDescription("the client reads too slowly: answers do not fit the queue")
              .asRuntimeException());
    }
  }

  private void onStreamsThread(Runnable task) {
    try {
      streams.execute(task);
    } catch (RejectedExecutionException e) {
      // The relay is being closed, and its streams with it.
    }
  }

  @Override
  public void sessionOver(RelaySession ended) {
    onStreamsThread(
        () -> {
          if (ended.equals(session)) {
            over = true;
            assembler.discard();
            stalls.awaits(OPENING);
          }
        });
  }

  @Override
  public void end(String why) {
    sender.complete();
  }

  private RelaySession current() throws MalformedFrameException {
    if (session == null) {
      throw new MalformedFrameException("frame", "the first of a stream must be open");
    }
    return session;
  }

  private void open(Open open) throws MalformedFrameException {
    if (assembler.busy()) {
      throw new MalformedFrameException("frame", "open while bytes of a payload are to come");
    }
    if (open.hasSession()) {
      SessionId asked = IdCodec.fromWire(open.getSession());
      if (carried != null && !carried.equals(asked)) {
        throw new MalformedFrameException("session", "another than the stream's");
      }
      carried = asked;
    }
    Optional<RelaySession> opened = opener.open(open, caller, this);
    if (opened.isPresent()) {
      session = opened.get();
      over = false;
      payloads.heldBy("session " + session.id().label());
    }
  }

  private void step(Step wire) throws MalformedFrameException {
    RelaySession target = current();
    io.baton.session.model.Step step = StepCodec.fromWire(wire);
    List<Peer> nextPeers = IdCodec.peersFromWire(wire.getNextPeersList(), "next_peers");
    switch (wire.getInputCase()) {
      case DIGEST -> {
        if (assembler.busy()) {
          throw new MalformedFrameException("frame", "step while bytes of a payload are to come");
        }
        target.clientStep(
            this,
            new StageInput.ClientStep(
                step, nextPeers, DigestCodec.fromWire(wire.getDigest()), Optional.empty()));
      }
      case PAYLOAD -> {
        assembled(
            assembler.begin(
                wire.getPayload(),
                new DigestRule.Required(target.config().algorithm()),
                payload -> wants(target, step, nextPeers, payload)));
      }
      case INPUT_NOT_SET -> throw new MalformedFrameException("input", "missing");
    }
  }

  /** Before it costs anything. */
  private Optional<Share> wants(
      RelaySession target,
      io.baton.session.model.Step step,
      List<Peer> nextPeers,
      PayloadOutline payload) {
    Optional<StageConfig.Objection> objection =
        target.config().objectionTo(step, payload.activations(), payload.sideSpecs());
    pending = new PendingStep(step, nextPeers, objection);
    return objection.isPresent() ? Optional.empty() : Optional.of(Share.ALL);
  }

  private void assembled(Assembly assembly) throws MalformedFrameException {
    PendingStep step = pending;
    if (assembly instanceof Assembly.Incomplete) {
      return;
    }
    pending = null;
    switch (assembly) {
      case Assembly.Incomplete _ -> {}
      case Assembly.Malformed(MalformedFrameException error) -> throw error;
      case Assembly.Stale stale -> throw stale.malformed();
      case Assembly.Complete(Payload payload) -> {
        RelaySession target = session;
        if (step != null && target != null) {
          target.clientStep(
              this,
              new StageInput.ClientStep(
                  step.step(), step.nextPeers(), payload.digest(), Optional.of(payload)));
        }
      }
      case Assembly.Unwanted() -> {
        Optional<StageConfig.Objection> objection =
            Optional.ofNullable(step).flatMap(PendingStep::objection);
        refuse(
            step,
            objection.map(StageConfig.Objection::reason).orElse(Refusal.NO_SESSION),
            objection.map(StageConfig.Objection::message).orElse("the session is over"));
      }
      case Assembly.DigestMismatch(var announced, var computed) ->
          refuse(
              step,
              Refusal.BAD_DIGEST,
              "the payload was announced with digest %s and has %s".formatted(announced, computed));
      case Assembly.NoRoom(long bytes) ->
          refuse(
              step, Refusal.NO_ROOM, "no room to receive a payload of %d bytes".formatted(bytes));
    }
  }

  private void refuse(@Nullable PendingStep step, Refusal reason, String message) {
    if (step != null) {
      send(List.of(StageFrames.refused(step.step().id(), reason, message, 0)));
    }
  }

  /** The stream has no meaning any more; the session stays for a better one. */
  private void malformed(MalformedFrameException error) {
    broken = true;
    send(
        List.of(
            StageFrames.refused(
                new StepId(0, 0), Refusal.MALFORMED, String.valueOf(error.getMessage()), 0)));
    release();
    sender.fail(Status.INVALID_ARGUMENT.withDescription(error.getMessage()).asRuntimeException());
  }

  private void gone() {
    release();
    sender.terminated(Status.CANCELLED.asRuntimeException());
  }

  private void release() {
    stalls.close();
    assembler.close();
    payloads.close();
    if (session != null) {
      session.detach(this);
    }
    if (!released) {
      released = true;
      onGone.run();
    }
  }
}
