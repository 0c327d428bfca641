package io.baton.relay;

import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.FailureCodec;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.codec.StageCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.ProcessHello;
import io.baton.proto.v1.ProcessReply;
import io.baton.proto.v1.ProcessWelcome;
import io.baton.relay.exchange.Sidecar;
import io.baton.transport.grpc.FlowControlledSender;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.grpc.SenderListener;
import io.baton.transport.grpc.StallWatch;
import io.baton.transport.process.AcceptedStream;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The connection of a process of this host: of a stage executor, of a sender or reader, or of one
 * that is all of them. Frames come on one thread; any may say something.
 */
final class ProcessStream implements StreamObserver<ProcessFrame> {

  private static final SenderLimits LIMITS = new SenderLimits(1 << 16, 64L << 20);
  private static final int MAX_NAME_CHARS = 255;

  /** Long enough for a process that computes something before it looks what it was told. */
  private static final KeepAlive KEEP_ALIVE =
      new KeepAlive(Duration.ofSeconds(30), Duration.ofSeconds(30));

  private final ProcessService service;
  private final ProcessService.Host host;
  private final AcceptedStream<ProcessReply, ProcessFrame> call;
  private final FlowControlledSender<ProcessReply> sender;
  private final StallWatch hello;
  private final AtomicBoolean ended = new AtomicBoolean();

  // Below: only on the thread that frames come on.
  private @Nullable Sidecar sidecar;
  private @Nullable RemoteExecutor executor;

  ProcessStream(ProcessService service, AcceptedStream<ProcessReply, ProcessFrame> call) {
    this.service = service;
    this.host = service.host();
    this.call = call;
    this.sender =
        new FlowControlledSender<>(
            call, ProcessReply::getSerializedSize, LIMITS, SenderListener.none(), false);
    this.hello =
        new StallWatch(
            host.timer(),
            StallWatch.PATIENCE,
            what -> end(Status.DEADLINE_EXCEEDED, what + " did not come"));
    call.setOnReadyHandler(sender::onReady);
    call.setOnCancelHandler(() -> lost("its process is gone"));
    call.setOnCloseHandler(() -> lost("its connection was ended"));
    hello.awaits("a hello");
  }

  @Override
  public void onNext(ProcessFrame frame) {
    if (ended.get()) {
      return;
    }
    try {
      if (sidecar == null) {
        greet(frame);
      } else {
        take(frame, sidecar);
      }
    } catch (MalformedFrameException e) {
      end(Status.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
    }
  }

  private void take(ProcessFrame frame, Sidecar process) throws MalformedFrameException {
    if (frame.hasSharing()) {
      executor().share(frame.getSharing());
    }
    switch (frame.getFrameCase()) {
      case HELLO -> throw new MalformedFrameException("hello", "comes twice");
      case DONE, FAILED, PROGRESS, CHUNK -> executor().take(frame);
      case FRAME_NOT_SET -> {
        if (!frame.hasSharing()) {
          process.take(frame);
        }
      }
      default -> process.take(frame);
    }
  }

  private RemoteExecutor executor() throws MalformedFrameException {
    RemoteExecutor here = executor;
    if (here == null) {
      throw new MalformedFrameException("frame", "is of stage executors, and none said hello here");
    }
    return here;
  }

  private void greet(ProcessFrame frame) throws MalformedFrameException {
    if (!frame.hasHello()) {
      throw new MalformedFrameException("hello", "missing");
    }
    ProcessHello said = frame.getHello();
    OptionalInt version = Versions.negotiate(said.getVersions());
    if (version.isEmpty()) {
      end(Status.FAILED_PRECONDITION, "no common version: " + Versions.refusal(said.getVersions()));
      return;
    }
    String name = FailureCodec.messageFromWire(said.getName());
    ProcessReply welcome = welcome(version.getAsInt());
    if (said.hasStage()) {
      executor =
          new RemoteExecutor(
              StageCodec.fromWire(said.getStage()),
              host.slot(),
              host.memory(),
              host.outputs(),
              host.timer(),
              sender);
    }
    if (frame.hasSharing()) {
      executor().share(frame.getSharing());
    }
    if (executor != null) {
      attach(executor, welcome);
    } else {
      // An executor is watched by what it computes, and may have no other thread to answer.
      call.keepAlive(Optional.of(KEEP_ALIVE));
      say(welcome);
    }
    hello.close();
    sidecar =
        host.exchange()
            .sidecar(
                name.substring(0, Math.min(name.length(), MAX_NAME_CHARS)), this::say, this::end);
  }

  private void attach(RemoteExecutor next, ProcessReply welcome) {
    if (!next.attach(welcome)) {
      end(Status.ALREADY_EXISTS, "another stage executor is attached to this relay");
    }
  }

  private ProcessReply welcome(int version) {
    PoolAddress pool = new PoolAddress(host.pool().path().toString(), host.pool().id());
    return ProcessReply.newBuilder()
        .setWelcome(
            ProcessWelcome.newBuilder()
                .setVersion(version)
                .setIdentity(IdCodec.toWire(host.self()))
                .setPool(ExchangeCodec.toWire(pool)))
        .build();
  }

  /** A process that does not read its replies would wait for them for ever. */
  private void say(ProcessReply reply) {
    if (!sender.offer(reply) && !ended.get()) {
      end(Status.RESOURCE_EXHAUSTED, "the process does not read its replies");
    }
  }

  /** Ends the connection from this side. */
  void end(Status status, String why) {
    sender.fail(status.withDescription(why).asException());
  }

  @Override
  public void onError(Throwable cause) {
    lost(String.valueOf(cause.getMessage()));
  }

  /** It is owed what it was answered before, and a farewell; but not for ever. */
  @Override
  public void onCompleted() {
    call.keepAlive(Optional.of(KEEP_ALIVE));
    if (sidecar != null) {
      sidecar.left();
    }
    gone("it has taken its leave");
    sender.complete();
  }

  /** However the connection ends, it is heard of here, on the thread that frames come on. */
  private void lost(String why) {
    service.gone(this);
    sender.terminated(Status.CANCELLED.withDescription(why).asException());
    gone(why);
  }

  /** The process says no more. */
  private void gone(String why) {
    if (!ended.compareAndSet(false, true)) {
      return;
    }
    hello.close();
    if (executor != null) {
      executor.gone(why);
    }
    if (sidecar != null) {
      sidecar.lost(why);
    }
  }
}
