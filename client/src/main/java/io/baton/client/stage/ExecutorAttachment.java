package io.baton.client.stage;

import com.google.protobuf.MessageLite;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.StageCodec;
import io.baton.proto.codec.StepCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.Command;
import io.baton.proto.v1.CommandDone;
import io.baton.proto.v1.CommandFailed;
import io.baton.proto.v1.CommandProgress;
import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.ProcessHello;
import io.baton.proto.v1.ProcessReply;
import io.baton.proto.v1.Sharing;
import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.SessionId;
import io.baton.session.model.Tensor;
import io.baton.transport.Budget;
import io.baton.transport.executor.ExecutorCommand;
import io.baton.transport.executor.ExecutorLink;
import io.baton.transport.executor.ExecutorReply;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.FlowControlledSender;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.grpc.SenderListener;
import io.baton.transport.grpc.StatusText;
import io.baton.transport.payload.Assembly;
import io.baton.transport.payload.DigestRule;
import io.baton.transport.payload.PayloadAssembler;
import io.baton.transport.payload.PayloadFrames;
import io.baton.transport.payload.PayloadLink;
import io.baton.transport.payload.PayloadMemory;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.process.Dialect;
import io.baton.transport.process.DialedStream;
import io.baton.transport.process.SocketLoop;
import io.baton.verification.PayloadDigester;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Attaches an executor to a relay of another process, over a Unix-domain socket, and attaches it
 * again whenever the relay comes back. The sessions that it held for a relay end with the
 * connection.
 */
public final class ExecutorAttachment implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(ExecutorAttachment.class);

  private static final long PAYLOAD_BYTES = 256L << 20;

  /** For outputs on their way to the relay. */
  private static final long POOL_BYTES = 16L << 20;

  private static final Duration FIRST_RETRY = Duration.ofMillis(50);
  private static final Duration LAST_RETRY = Duration.ofSeconds(2);

  private final ExecutorLink executor;
  private final Endpoint.Unix relay;
  private final SocketLoop loop;
  private final ScheduledThreadPoolExecutor timer;
  private final PayloadMemory memory;
  private final CompletableFuture<@Nullable Void> attached = new CompletableFuture<>();
  private Duration retry = FIRST_RETRY;
  private boolean closed;

  private ExecutorAttachment(ExecutorLink executor, Endpoint.Unix relay) {
    this.executor = executor;
    this.relay = relay;
    this.loop = SocketLoop.start("baton-attach");
    this.timer =
        new ScheduledThreadPoolExecutor(
            1, task -> Thread.ofPlatform().daemon().name("baton-attach-timer").unstarted(task));
    timer.setRemoveOnCancelPolicy(true);
    // Not locked in memory: the relay's pool needs what the limit allows.
    this.memory = PayloadMemory.making(PoolConfig.of("stage", POOL_BYTES).withLock(false), timer);
  }

  /** Begins to attach and returns without waiting for it. */
  public static ExecutorAttachment start(ExecutorLink executor, Endpoint.Unix relay) {
    ExecutorAttachment attachment = new ExecutorAttachment(executor, relay);
    attachment.connect();
    return attachment;
  }

  /** Done when the executor has been attached for the first time. */
  public CompletableFuture<@Nullable Void> attached() {
    return attached.copy();
  }

  private void connect() {
    try {
      var _ =
          DialedStream.dial(
              loop, relay.path(), Dialect.PROCESS, KeepAlive.DEFAULT, new Connection());
    } catch (RuntimeException e) {
      // Such as for want of files: another time there may be some.
      connectLater(StatusText.of(Status.fromThrowable(e)));
    }
  }

  private synchronized void connectLater(String why) {
    if (closed) {
      return;
    }
    if (retry.equals(FIRST_RETRY)) {
      log.warn("not attached to {}: {}; trying again", relay, why);
    } else {
      log.info("not attached to {}: {}; trying again in {} ms", relay, why, retry.toMillis());
    }
    try {
      var _ = timer.schedule(this::connect, retry.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      return;
    }
    Duration doubled = retry.multipliedBy(2);
    retry = doubled.compareTo(LAST_RETRY) > 0 ? LAST_RETRY : doubled;
  }

  private synchronized void succeeded() {
    retry = FIRST_RETRY;
    log.info("attached to {}", relay);
    attached.complete(null);
  }

  /** Takes leave of the relay. Idempotent. */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    timer.shutdownNow();
    loop.close();
    memory.close();
    attached.completeExceptionally(new IllegalStateException("closed before it was attached"));
  }

  /** One stream to the relay, from its hello to its end. */
  private final class Connection implements ClientResponseObserver<ProcessFrame, ProcessReply> {

    private final PayloadLink payloads =
        memory.link(PoolUse.COMMAND, "the relay", SenderLimits.DEFAULT.maxBytes(), this::report);
    private final PayloadDigester digester = new PayloadDigester(Digest.Algorithm.XXH3_128);
    private final PayloadAssembler assembler =
        payloads.assembler(PAYLOAD_BYTES, new Budget(PAYLOAD_BYTES));
    private final Set<SessionId> sessions = new HashSet<>();
    private @Nullable FlowControlledSender<ProcessFrame> sender;
    private @Nullable Command pending;
    private boolean over;

    /** What the executor has not answered, and the stream itself while it lasts. */
    private final AtomicInteger running = new AtomicInteger(1);

    private volatile String ended = "";

    @Override
    public void beforeStart(ClientCallStreamObserver<ProcessFrame> stream) {
      FlowControlledSender<ProcessFrame> created =
          new FlowControlledSender<>(
              stream,
              MessageLite::getSerializedSize,
              SenderLimits.DEFAULT,
              SenderListener.none(),
              false);
      sender = created;
      stream.setOnReadyHandler(
          () -> {
            created.onReady();
            greet();
          });
    }

    private boolean greeted;

    private void greet() {
      if (!greeted) {
        greeted = true;
        send(
            List.of(
                ProcessFrame.newBuilder()
                    .setHello(
                        ProcessHello.newBuilder()
                            .setVersions(Versions.spoken())
                            .setStage(StageCodec.toWire(executor.info())))
                    .build()));
      }
    }

    @Override
    public void onNext(ProcessReply frame) {
      try {
        if (frame.hasSharing()) {
          payloads.take(frame.getSharing());
        }
        switch (frame.getFrameCase()) {
          case WELCOME -> {
            // Before any command is answered, so that the first input may come by handle.
            payloads.report();
            succeeded();
          }
          case COMMAND -> command(frame.getCommand());
          case CHUNK -> assembled(assembler.add(frame.getChunk()));
          default -> {
            if (!frame.hasSharing()) {
              throw new MalformedFrameException("frame", "missing or unknown");
            }
          }
        }
      } catch (MalformedFrameException e) {
        fail(String.valueOf(e.getMessage()));
      }
    }

    private void command(Command command) throws MalformedFrameException {
      SessionId session = IdCodec.fromWire(command.getSession());
      switch (command.getActionCase()) {
        case OPEN -> {
          sessions.add(session);
          run(
              command,
              new ExecutorCommand.Open(
                  session,
                  StepCodec.lengthFromWire(command.getOpen().getMaxLength(), "max_length")));
        }
        case FORWARD -> {
          pending = command;
          assembled(
              assembler.begin(
                  command.getForward().getPayload(),
                  new DigestRule.Own(Digest.Algorithm.XXH3_128)));
        }
        case ROLLBACK ->
            run(
                command,
                new ExecutorCommand.Rollback(
                    session,
                    StepCodec.lengthFromWire(command.getRollback().getLength(), "length")));
        case CLOSE -> {
          sessions.remove(session);
          run(command, new ExecutorCommand.Close(session));
        }
        case ACTION_NOT_SET -> throw new MalformedFrameException("action", "missing or unknown");
      }
    }

    private void assembled(Assembly assembly) throws MalformedFrameException {
      Command command = pending;
      if (assembly instanceof Assembly.Incomplete || command == null) {
        return;
      }
      pending = null;
      switch (assembly) {
        case Assembly.Complete(Payload input) ->
            run(
                command,
                new ExecutorCommand.Forward(
                    IdCodec.fromWire(command.getSession()),
                    StepCodec.lengthFromWire(command.getForward().getPosition(), "position"),
                    input));
        case Assembly.NoRoom(long bytes) ->
            answer(
                command,
                new ExecutorReply.Failed("no room for an input of %d bytes".formatted(bytes)));
        case Assembly.Malformed(MalformedFrameException error) -> throw error;
        case Assembly.Stale stale -> throw stale.malformed();
        case Assembly.DigestMismatch(var announced, var computed) ->
            throw new MalformedFrameException(
                "digest", "%s announced, %s found".formatted(announced, computed));
        case Assembly.Unwanted _ -> {}
        case Assembly.Incomplete _ -> {}
      }
    }

    private void run(Command command, ExecutorCommand action) {
      running.incrementAndGet();
      executor.submit(
          action,
          reply -> {
            answer(command, reply);
            if (!(reply instanceof ExecutorReply.Working)) {
              ran();
            }
          });
    }

    /**
     * One that the relay has given up because it hangs attaches again only when it has come back.
     */
    private void ran() {
      if (running.decrementAndGet() == 0) {
        connectLater(ended);
      }
    }

    private void answer(Command command, ExecutorReply reply) {
      switch (reply) {
        case ExecutorReply.Done(Optional<Tensor> output, long nanos) ->
            send(done(command, output, nanos));
        case ExecutorReply.Working(long workLeft) ->
            send(
                List.of(
                    ProcessFrame.newBuilder()
                        .setProgress(
                            CommandProgress.newBuilder()
                                .setCommand(command.getCommand())
                                .setWorkLeft(workLeft))
                        .build()));
        case ExecutorReply.Failed(String message) -> sendFailed(command, message);
        case ExecutorReply.Lost(String message) -> fail(message);
      }
    }

    private List<ProcessFrame> done(Command command, Optional<Tensor> output, long nanos) {
      CommandDone.Builder done =
          CommandDone.newBuilder().setCommand(command.getCommand()).setComputeNanos(nanos);
      List<ProcessFrame> frames = new ArrayList<>();
      if (output.isPresent()) {
        PayloadFrames payload = payloads.frameWithoutDigest(digester.payload(output.get()));
        done.setPayload(payload.header());
        payload.chunks().forEach(c -> frames.add(ProcessFrame.newBuilder().setChunk(c).build()));
      }
      frames.addFirst(ProcessFrame.newBuilder().setDone(done).build());
      return frames;
    }

    private void sendFailed(Command command, String message) {
      send(
          List.of(
              ProcessFrame.newBuilder()
                  .setFailed(
                      CommandFailed.newBuilder()
                          .setCommand(command.getCommand())
                          .setMessage(message))
                  .build()));
    }

    private void send(List<ProcessFrame> frames) {
      offer(payloads.telling(frames, this::with));
    }

    private ProcessFrame with(ProcessFrame frame, Sharing news) {
      return frame.toBuilder().setSharing(news).build();
    }

    private void report(Sharing news) {
      offer(List.of(with(ProcessFrame.getDefaultInstance(), news)));
    }

    private void offer(List<ProcessFrame> frames) {
      FlowControlledSender<ProcessFrame> out = sender;
      if (out != null && !out.offer(frames)) {
        fail("the relay reads too slowly: answers do not fit the queue");
      }
    }

    private void fail(String why) {
      FlowControlledSender<ProcessFrame> out = sender;
      if (out != null) {
        out.fail(Status.CANCELLED.withDescription(why).asRuntimeException());
      }
    }

    @Override
    public void onError(Throwable error) {
      end(Status.fromThrowable(error));
    }

    @Override
    public void onCompleted() {
      end(Status.OK.withDescription("the relay has closed the stream"));
    }

    private void end(Status status) {
      FlowControlledSender<ProcessFrame> out = sender;
      if (out != null) {
        out.terminated(status.asRuntimeException());
      }
      synchronized (this) {
        if (over) {
          return;
        }
        over = true;
      }
      assembler.close();
      payloads.close();
      ended = StatusText.of(status);
      sessions.forEach(
          session -> {
            running.incrementAndGet();
            executor.submit(new ExecutorCommand.Close(session), _ -> ran());
          });
      ran();
    }
  }
}
