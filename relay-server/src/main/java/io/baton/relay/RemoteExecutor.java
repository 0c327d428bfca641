package io.baton.relay;

import com.google.protobuf.MessageLite;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.StageCodec;
import io.baton.proto.codec.StepCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.Attached;
import io.baton.proto.v1.CloseSession;
import io.baton.proto.v1.Command;
import io.baton.proto.v1.CommandDone;
import io.baton.proto.v1.CommandFrame;
import io.baton.proto.v1.CommandProgress;
import io.baton.proto.v1.ExecutorFrame;
import io.baton.proto.v1.ExecutorHello;
import io.baton.proto.v1.Forward;
import io.baton.proto.v1.OpenSession;
import io.baton.proto.v1.Rollback;
import io.baton.proto.v1.Sharing;
import io.baton.session.model.Digest;
import io.baton.session.model.RelayId;
import io.baton.session.model.StageInfo;
import io.baton.session.model.Tensor;
import io.baton.transport.Budget;
import io.baton.transport.executor.ExecutorCommand;
import io.baton.transport.executor.ExecutorLink;
import io.baton.transport.executor.ExecutorReply;
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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An executor in a process of its own, as seen from its relay: one stream, which it opened. gRPC
 * calls it from one thread at a time; commands come from any.
 */
final class RemoteExecutor implements ExecutorLink, StreamObserver<ExecutorFrame> {

  /** Commands that may be unanswered; a session has at most a few at a time. */
  private static final int MAX_UNANSWERED = 4096;

  private static final int MAX_MESSAGE = 4096;

  private final RelayId self;
  private final ExecutorSlot slot;
  private final PayloadLink payloads;
  private final PayloadAssembler assembler;
  private final StallWatch stalls;
  private final FlowControlledSender<CommandFrame> sender;
  private final Map<Long, Consumer<ExecutorReply>> unanswered = new LinkedHashMap<>();
  private long nextCommand = 1;
  private volatile boolean lost;
  private volatile @Nullable StageInfo info;
  private @Nullable CommandDone pending;

  RemoteExecutor(
      RelayId self,
      ExecutorSlot slot,
      PayloadMemory memory,
      Budget receiving,
      ScheduledExecutorService timer,
      ServerCallStreamObserver<CommandFrame> observer) {
    this.self = self;
    this.slot = slot;
    this.payloads =
        memory.link(
            PoolUse.COMMAND, "the stage executor", SenderLimits.DEFAULT.maxBytes(), this::report);
    this.assembler = payloads.assembler(receiving.capacity(), receiving);
    this.sender =
        new FlowControlledSender<>(
            observer, MessageLite::getSerializedSize, SenderLimits.DEFAULT, new Ended(), false);
    this.stalls = new StallWatch(timer, StallWatch.PATIENCE, this::stalled);
    observer.setOnReadyHandler(sender::onReady);
    observer.setOnCancelHandler(() -> ended("its process is gone"));
    // Also when it is this end that has ended the stream.
    observer.setOnCloseHandler(() -> ended("its stream was ended"));
    stalls.awaits("a hello");
  }

  /** On the timer's thread: what is kept for the stream is given back when its call ends of it. */
  private void stalled(String what) {
    sender.fail(
        Status.DEADLINE_EXCEEDED.withDescription(what + " did not come").asRuntimeException());
  }

  @Override
  public StageInfo info() {
    StageInfo known = info;
    if (known == null) {
      throw new IllegalStateException("not attached yet");
    }
    return known;
  }

  // ---- towards the executor

  @Override
  public void submit(ExecutorCommand command, Consumer<ExecutorReply> reply) {
    Optional<ExecutorReply> failure = trySubmit(command, reply);
    failure.ifPresent(reply);
  }

  /** Under the lock the commands go out in the order of their numbers. */
  private synchronized Optional<ExecutorReply> trySubmit(
      ExecutorCommand command, Consumer<ExecutorReply> reply) {
    if (lost) {
      return Optional.of(new ExecutorReply.Lost("the stage executor is gone"));
    }
    boolean last = command instanceof ExecutorCommand.Close;
    if (unanswered.size() >= MAX_UNANSWERED && !last) {
      return Optional.of(
          new ExecutorReply.Failed("%d commands wait for the executor".formatted(MAX_UNANSWERED)));
    }
    long number = nextCommand++;
    unanswered.put(number, reply);
    Optional<PayloadFrames> input =
        command instanceof ExecutorCommand.Forward forward
            ? Optional.of(payloads.frameWithoutDigest(forward.input()))
            : Optional.empty();
    List<CommandFrame> frames =
        payloads.telling(frames(number, command, input), RemoteExecutor::with);
    if (sender.offer(frames)) {
      return Optional.empty();
    }
    input.ifPresent(payloads::retract);
    payloads.untold(frames.getFirst().getSharing());
    if (unanswered.remove(number) == null) {
      return Optional.empty();
    }
    if (last) {
      // A session that cannot be ended would be kept by the executor for ever.
      sender.fail(
          Status.RESOURCE_EXHAUSTED
              .withDescription("the executor reads too slowly: commands do not fit the queue")
              .asRuntimeException());
    }
    return Optional.of(new ExecutorReply.Failed("the executor's queue is full"));
  }

  private static CommandFrame with(CommandFrame frame, Sharing news) {
    return frame.toBuilder().setSharing(news).build();
  }

  /** Without its reports the executor would keep slots for ever. */
  private void report(Sharing news) {
    if (!sender.offer(with(CommandFrame.getDefaultInstance(), news))) {
      sender.fail(
          Status.RESOURCE_EXHAUSTED
              .withDescription("the executor reads too slowly: reports do not fit the queue")
              .asRuntimeException());
    }
  }

  /**
   * @param input of a forward
   */
  private static List<CommandFrame> frames(
      long number, ExecutorCommand command, Optional<PayloadFrames> input) {
    Command.Builder wire =
        Command.newBuilder().setCommand(number).setSession(IdCodec.toWire(command.session()));
    List<CommandFrame> chunks = new ArrayList<>();
    switch (command) {
      case ExecutorCommand.Open open ->
          wire.setOpen(OpenSession.newBuilder().setMaxLength(open.maxLength()));
      case ExecutorCommand.Forward forward -> {
        PayloadFrames payload = input.orElseThrow();
        wire.setForward(
            Forward.newBuilder().setPosition(forward.position()).setPayload(payload.header()));
        payload.chunks().forEach(c -> chunks.add(CommandFrame.newBuilder().setChunk(c).build()));
      }
      case ExecutorCommand.Rollback rollback ->
          wire.setRollback(Rollback.newBuilder().setLength(rollback.length()));
      case ExecutorCommand.Close _ -> wire.setClose(CloseSession.getDefaultInstance());
    }
    List<CommandFrame> frames = new ArrayList<>(1 + chunks.size());
    frames.add(CommandFrame.newBuilder().setCommand(wire).build());
    frames.addAll(chunks);
    return frames;
  }

  @Override
  public void hangs(String why) {
    sender.fail(Status.DEADLINE_EXCEEDED.withDescription(why).asRuntimeException());
    lose(why);
  }

  // ---- from the executor

  @Override
  public void onNext(ExecutorFrame frame) {
    if (lost) {
      return;
    }
    try {
      if (frame.hasSharing()) {
        payloads.take(frame.getSharing());
      }
      switch (frame.getFrameCase()) {
        case HELLO -> hello(frame.getHello());
        case DONE -> done(frame.getDone());
        case FAILED ->
            answer(
                frame.getFailed().getCommand(),
                new ExecutorReply.Failed(shortened(frame.getFailed().getMessage())));
        case PROGRESS -> progress(frame.getProgress());
        case CHUNK -> assembled(assembler.add(frame.getChunk()));
        case FRAME_NOT_SET -> {
          if (!frame.hasSharing()) {
            throw new MalformedFrameException("frame", "missing or unknown");
          }
        }
      }
      if (assembler.busy()) {
        stalls.progressed("the rest of an output");
      } else if (info != null) {
        stalls.settled();
      }
    } catch (MalformedFrameException e) {
      fail(Status.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
    }
  }

  /** It goes on to the client, within a message. */
  private static String shortened(String message) {
    return message.length() <= MAX_MESSAGE ? message : message.substring(0, MAX_MESSAGE) + "...";
  }

  @Override
  public void onError(Throwable error) {
    ended("its process is gone");
  }

  @Override
  public void onCompleted() {
    sender.complete();
    ended("it has taken its leave");
  }

  private void hello(ExecutorHello hello) throws MalformedFrameException {
    if (info != null) {
      throw new MalformedFrameException("hello", "came twice");
    }
    if (!hello.hasStage()) {
      throw new MalformedFrameException("stage", "missing");
    }
    OptionalLong version =
        Versions.negotiate(hello.getVersions()).stream().asLongStream().findFirst();
    if (version.isEmpty()) {
      fail(Status.FAILED_PRECONDITION, Versions.refusal(hello.getVersions()));
      return;
    }
    info = StageCodec.fromWire(hello.getStage());
    if (!attach((int) version.getAsLong())) {
      fail(Status.ALREADY_EXISTS, "another stage executor is attached to this relay");
    }
  }

  /** Says so before anybody can send it a command. */
  private synchronized boolean attach(int version) {
    return slot.attach(this)
        && sender.offer(
            payloads.telling(
                List.of(
                    CommandFrame.newBuilder()
                        .setAttached(
                            Attached.newBuilder()
                                .setVersion(version)
                                .setIdentity(IdCodec.toWire(self)))
                        .build()),
                RemoteExecutor::with));
  }

  private void done(CommandDone done) throws MalformedFrameException {
    if (!done.hasPayload()) {
      answer(done.getCommand(), new ExecutorReply.Done(Optional.empty(), nanos(done)));
      return;
    }
    pending = done;
    assembled(assembler.begin(done.getPayload(), new DigestRule.Own(Digest.Algorithm.XXH3_128)));
  }

  private void assembled(Assembly assembly) throws MalformedFrameException {
    CommandDone done = pending;
    switch (assembly) {
      case Assembly.Incomplete _ -> {}
      case Assembly.Malformed(MalformedFrameException error) -> throw error;
      case Assembly.Stale stale -> throw stale.malformed();
      case Assembly.Lost lost -> throw new MalformedFrameException("ucx", lost.toString());
      case Assembly.Unwanted() -> {}
      case Assembly.Complete(var payload) -> {
        if (done != null) {
          pending = null;
          reply(done, Optional.of(payload.activations()));
        }
      }
      case Assembly.DigestMismatch(var announced, var computed) ->
          throw new MalformedFrameException(
              "digest", "%s announced, %s found".formatted(announced, computed));
      case Assembly.NoRoom(long bytes) -> {
        if (done != null) {
          pending = null;
          answer(
              done.getCommand(),
              new ExecutorReply.Failed(
                  "the relay has no room for an output of %d bytes".formatted(bytes)));
        }
      }
    }
  }

  private void reply(CommandDone done, Optional<Tensor> output) throws MalformedFrameException {
    answer(done.getCommand(), new ExecutorReply.Done(output, nanos(done)));
  }

  private static long nanos(CommandDone done) throws MalformedFrameException {
    return StepCodec.countFromWire(done.getComputeNanos(), "compute_nanos");
  }

  private void progress(CommandProgress progress) throws MalformedFrameException {
    long left = StepCodec.countFromWire(progress.getWorkLeft(), "work_left");
    Consumer<ExecutorReply> waiting;
    synchronized (this) {
      waiting = unanswered.get(progress.getCommand());
    }
    if (waiting == null) {
      throw new MalformedFrameException("command", progress.getCommand() + " is not waited for");
    }
    waiting.accept(new ExecutorReply.Working(left));
  }

  private void answer(long command, ExecutorReply reply) throws MalformedFrameException {
    Consumer<ExecutorReply> waiting;
    synchronized (this) {
      waiting = unanswered.remove(command);
    }
    if (waiting == null) {
      throw new MalformedFrameException("command", command + " is not waited for");
    }
    waiting.accept(reply);
  }

  private void fail(Status status, String why) {
    sender.fail(status.withDescription(why).asRuntimeException());
    ended(why);
  }

  /** On gRPC's thread, which alone may touch the assembler. */
  private void ended(String why) {
    stalls.close();
    assembler.close();
    payloads.close();
    lose(why);
  }

  /** Answers all that waits and gives the slot back. Idempotent. */
  private void lose(String why) {
    List<Consumer<ExecutorReply>> waiting;
    synchronized (this) {
      if (lost) {
        return;
      }
      lost = true;
      waiting = List.copyOf(unanswered.values());
      unanswered.clear();
    }
    sender.terminated(Status.CANCELLED.asRuntimeException());
    waiting.forEach(
        reply -> reply.accept(new ExecutorReply.Lost("the stage executor is gone: " + why)));
    if (info != null) {
      slot.detach(this, "the stage executor is gone: " + why);
    }
  }

  private final class Ended implements SenderListener {
    @Override
    public void onDropped(int groups) {
      lose("commands could not be sent to it");
    }

    @Override
    public void onEnded(Optional<Throwable> cause) {
      cause.ifPresent(error -> lose("its stream ended: " + error.getMessage()));
    }
  }
}
