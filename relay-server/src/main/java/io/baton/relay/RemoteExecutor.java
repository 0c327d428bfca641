package io.baton.relay;

import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.StepCodec;
import io.baton.proto.v1.CloseSession;
import io.baton.proto.v1.Command;
import io.baton.proto.v1.CommandDone;
import io.baton.proto.v1.CommandProgress;
import io.baton.proto.v1.Forward;
import io.baton.proto.v1.OpenSession;
import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.ProcessReply;
import io.baton.proto.v1.Rollback;
import io.baton.proto.v1.Sharing;
import io.baton.session.model.Digest;
import io.baton.session.model.StageInfo;
import io.baton.session.model.Tensor;
import io.baton.transport.Budget;
import io.baton.transport.executor.ExecutorCommand;
import io.baton.transport.executor.ExecutorLink;
import io.baton.transport.executor.ExecutorReply;
import io.baton.transport.grpc.FlowControlledSender;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.grpc.StallWatch;
import io.baton.transport.payload.Assembly;
import io.baton.transport.payload.DigestRule;
import io.baton.transport.payload.PayloadAssembler;
import io.baton.transport.payload.PayloadFrames;
import io.baton.transport.payload.PayloadLink;
import io.baton.transport.payload.PayloadMemory;
import io.baton.transport.pinned.PoolUse;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * An executor in a process of its own, as seen from its relay. What it says comes on one thread;
 * commands come from any.
 */
final class RemoteExecutor implements ExecutorLink {

  /** Commands that may be unanswered; a session has at most a few at a time. */
  private static final int MAX_UNANSWERED = 4096;

  private static final int MAX_MESSAGE = 4096;

  private final StageInfo info;
  private final ExecutorSlot slot;
  private final PayloadLink payloads;
  private final PayloadAssembler assembler;
  private final StallWatch stalls;
  private final FlowControlledSender<ProcessReply> sender;
  private final Map<Long, Consumer<ExecutorReply>> unanswered = new LinkedHashMap<>();
  private long nextCommand = 1;
  private volatile boolean lost;
  private volatile boolean attached;
  private @Nullable CommandDone pending;

  /**
   * Not attached yet.
   *
   * @param receiving for outputs that are being received
   * @param sender to the process; the connection is ended by it
   */
  RemoteExecutor(
      StageInfo info,
      ExecutorSlot slot,
      PayloadMemory memory,
      Budget receiving,
      ScheduledExecutorService timer,
      FlowControlledSender<ProcessReply> sender) {
    this.info = info;
    this.slot = slot;
    this.payloads =
        memory.link(
            PoolUse.COMMAND, "the stage executor", SenderLimits.DEFAULT.maxBytes(), this::report);
    this.assembler = payloads.assembler(receiving.capacity(), receiving);
    this.sender = sender;
    this.stalls = new StallWatch(timer, StallWatch.PATIENCE, this::stalled);
  }

  /** On the timer's thread: what is kept for the stream is given back when it ends of it. */
  private void stalled(String what) {
    end(Status.DEADLINE_EXCEEDED, what + " did not come");
  }

  private void end(Status status, String why) {
    sender.fail(status.withDescription(why).asException());
  }

  @Override
  public StageInfo info() {
    return info;
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
    List<ProcessReply> frames =
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
      end(
          Status.RESOURCE_EXHAUSTED,
          "the executor reads too slowly: commands do not fit the queue");
    }
    return Optional.of(new ExecutorReply.Failed("the executor's queue is full"));
  }

  private static ProcessReply with(ProcessReply frame, Sharing news) {
    return frame.toBuilder().setSharing(news).build();
  }

  /** Without its reports the executor would keep slots for ever. */
  private void report(Sharing news) {
    if (!sender.offer(with(ProcessReply.getDefaultInstance(), news))) {
      end(Status.RESOURCE_EXHAUSTED, "the executor reads too slowly: reports do not fit the queue");
    }
  }

  /**
   * @param input of a forward
   */
  private static List<ProcessReply> frames(
      long number, ExecutorCommand command, Optional<PayloadFrames> input) {
    Command.Builder wire =
        Command.newBuilder().setCommand(number).setSession(IdCodec.toWire(command.session()));
    List<ProcessReply> chunks = new ArrayList<>();
    switch (command) {
      case ExecutorCommand.Open open ->
          wire.setOpen(OpenSession.newBuilder().setMaxLength(open.maxLength()));
      case ExecutorCommand.Forward forward -> {
        PayloadFrames payload = input.orElseThrow();
        wire.setForward(
            Forward.newBuilder().setPosition(forward.position()).setPayload(payload.header()));
        payload.chunks().forEach(c -> chunks.add(ProcessReply.newBuilder().setChunk(c).build()));
      }
      case ExecutorCommand.Rollback rollback ->
          wire.setRollback(Rollback.newBuilder().setLength(rollback.length()));
      case ExecutorCommand.Close _ -> wire.setClose(CloseSession.getDefaultInstance());
    }
    List<ProcessReply> frames = new ArrayList<>(1 + chunks.size());
    frames.add(ProcessReply.newBuilder().setCommand(wire).build());
    frames.addAll(chunks);
    return frames;
  }

  @Override
  public void hangs(String why) {
    end(Status.DEADLINE_EXCEEDED, why);
    lose(why);
  }

  // ---- from the executor

  /**
   * What the executor says of where payloads lie.
   *
   * @throws MalformedFrameException for what no right executor says; its connection is to end
   */
  void share(Sharing news) throws MalformedFrameException {
    if (!lost) {
      payloads.take(news);
    }
  }

  /**
   * What the executor says.
   *
   * @throws MalformedFrameException for what no right executor says; its connection is to end
   */
  void take(ProcessFrame frame) throws MalformedFrameException {
    if (lost) {
      return;
    }
    switch (frame.getFrameCase()) {
      case DONE -> done(frame.getDone());
      case FAILED ->
          answer(
              frame.getFailed().getCommand(),
              new ExecutorReply.Failed(shortened(frame.getFailed().getMessage())));
      case PROGRESS -> progress(frame.getProgress());
      case CHUNK -> assembled(assembler.add(frame.getChunk()));
      default -> throw new MalformedFrameException("frame", "is not of stage executors");
    }
    if (assembler.busy()) {
      stalls.progressed("the rest of an output");
    } else {
      stalls.settled();
    }
  }

  /** It goes on to the client, within a message. */
  private static String shortened(String message) {
    return message.length() <= MAX_MESSAGE ? message : message.substring(0, MAX_MESSAGE) + "...";
  }

  /**
   * Takes its place, and says so before anybody can send it a command.
   *
   * @return false if another has it
   */
  synchronized boolean attach(ProcessReply welcome) {
    attached = slot.attach(this);
    if (attached && !sender.offer(payloads.telling(List.of(welcome), RemoteExecutor::with))) {
      end(Status.RESOURCE_EXHAUSTED, "the welcome does not fit the queue");
    }
    return attached;
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

  /**
   * Its connection is no more; on the thread that frames come on, which may touch the assembler.
   */
  void gone(String why) {
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
    waiting.forEach(
        reply -> reply.accept(new ExecutorReply.Lost("the stage executor is gone: " + why)));
    if (attached) {
      slot.detach(this, "the stage executor is gone: " + why);
    }
  }
}
