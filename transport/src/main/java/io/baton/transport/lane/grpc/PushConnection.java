package io.baton.transport.lane.grpc;

import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.PushFrame;
import io.baton.proto.v1.PushGrpc;
import io.baton.proto.v1.PushHello;
import io.baton.proto.v1.PushWelcome;
import io.baton.session.model.RelayId;
import io.baton.transport.Budget;
import io.baton.transport.Share;
import io.baton.transport.grpc.FlowControlledSender;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.grpc.SenderListener;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One attempt at a connection, and the connection if it succeeds: says hello, holds the pushes back
 * until it is welcomed, and ends once, for whichever reason comes first. It has a channel of its
 * own, because one that failed would make the next attempt wait out gRPC's own backoff.
 */
final class PushConnection
    implements ClientResponseObserver<PushFrame, PushWelcome>, SenderListener {

  /** The lane. Called on any thread; must not block. */
  interface Owner {
    void onWelcome(PushConnection connection, RelayId remote);

    /** Once. */
    void onLost(PushConnection connection, Throwable cause);

    void onDropped(int pushes);
  }

  private final RelayId self;
  private final ManagedChannel channel;
  private final SenderLimits limits;
  private final Budget queuedBytes;
  private final Owner owner;
  private final AtomicBoolean ended = new AtomicBoolean();
  private volatile @Nullable FlowControlledSender<PushFrame> sender;
  private volatile @Nullable ScheduledFuture<?> handshakeTimer;
  private volatile boolean started;
  private volatile boolean welcomed;

  PushConnection(
      RelayId self, ManagedChannel channel, SenderLimits limits, Budget queuedBytes, Owner owner) {
    this.self = self;
    this.channel = channel;
    this.limits = limits;
    this.queuedBytes = queuedBytes;
    this.owner = owner;
  }

  /** Begins to connect. To be called once, before anything is offered. */
  void open(ScheduledExecutorService timer, Duration handshakeTimeout) {
    PushGrpc.newStub(channel).withOnReadyThreshold(FlowControlledSender.READY_BYTES).push(this);
    started = true;
    FlowControlledSender<PushFrame> opened = sender;
    if (opened != null) {
      opened.offerAhead(hello());
    }
    try {
      handshakeTimer =
          timer.schedule(
              () -> onHandshakeTimeout(handshakeTimeout),
              handshakeTimeout.toNanos(),
              TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // The relay is being closed.
      end(Status.CANCELLED.withCause(e).asException());
    }
    cancelTimerIfDone();
  }

  /** Sends the frames of one push together, or answers false. */
  boolean offer(List<PushFrame> frames, Share share) {
    FlowControlledSender<PushFrame> open = sender;
    return started && open != null && open.offer(frames, share);
  }

  void close() {
    end(Status.CANCELLED.withDescription("closed").asException());
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<PushFrame> stream) {
    FlowControlledSender<PushFrame> held =
        new FlowControlledSender<>(
            stream, PushFrame::getSerializedSize, limits, queuedBytes, this, true);
    stream.setOnReadyHandler(held::onReady);
    sender = held;
  }

  @Override
  public void onNext(PushWelcome welcome) {
    if (welcomed) {
      end(protocolError("welcomed twice"));
      return;
    }
    if (!Versions.speaks(welcome.getVersion())) {
      end(protocolError("welcomed with version " + Integer.toUnsignedString(welcome.getVersion())));
      return;
    }
    try {
      if (!welcome.hasIdentity()) {
        throw new MalformedFrameException("identity", "missing");
      }
      RelayId remote = IdCodec.fromWire(welcome.getIdentity());
      welcomed = true;
      cancelTimerIfDone();
      owner.onWelcome(this, remote);
      FlowControlledSender<PushFrame> open = sender;
      if (open != null) {
        open.release();
      }
    } catch (MalformedFrameException e) {
      end(protocolError("welcome." + e.getMessage()));
    }
  }

  @Override
  public void onError(Throwable cause) {
    end(cause);
  }

  @Override
  public void onCompleted() {
    end(Status.UNAVAILABLE.withDescription("the peer ended the stream").asException());
  }

  @Override
  public void onDropped(int groups) {
    owner.onDropped(groups);
  }

  @Override
  public void onEnded(Optional<Throwable> cause) {
    end(cause.orElseGet(() -> Status.CANCELLED.asException()));
  }

  private void onHandshakeTimeout(Duration timeout) {
    if (!welcomed) {
      end(Status.DEADLINE_EXCEEDED.withDescription("not welcomed within " + timeout).asException());
    }
  }

  private void end(Throwable cause) {
    if (!ended.compareAndSet(false, true)) {
      return;
    }
    cancelTimerIfDone();
    FlowControlledSender<PushFrame> open = sender;
    if (open != null) {
      open.terminated(cause);
    }
    // Cancels the call, too.
    channel.shutdownNow();
    owner.onLost(this, cause);
  }

  /** The handshake may be over before its timer has been put where others see it. */
  private void cancelTimerIfDone() {
    ScheduledFuture<?> timer = handshakeTimer;
    if (timer != null && (welcomed || ended.get())) {
      timer.cancel(false);
    }
  }

  private PushFrame hello() {
    return PushFrame.newBuilder()
        .setHello(
            PushHello.newBuilder().setVersions(Versions.spoken()).setFrom(IdCodec.toWire(self)))
        .build();
  }

  private static Throwable protocolError(String what) {
    return Status.INTERNAL.withDescription(what).asException();
  }
}
