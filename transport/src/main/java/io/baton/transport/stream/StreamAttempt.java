package io.baton.transport.stream;

import io.baton.proto.codec.MalformedFrameException;
import io.baton.transport.Budget;
import io.baton.transport.Share;
import io.baton.transport.grpc.FlowControlledSender;
import io.baton.transport.grpc.SenderListener;
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
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * One attempt at a connection, and the connection if it succeeds: says hello, holds everything else
 * back until it is answered, and ends once, for whichever reason comes first.
 */
final class StreamAttempt<Q, A>
    implements ClientResponseObserver<Q, A>, SenderListener<Q>, StreamConnection<Q> {

  /** Called on any thread; must not block. */
  interface Owner<Q, A> {
    /** False if the attempt is no longer wanted. */
    boolean onWelcome(StreamAttempt<Q, A> attempt);

    /** Once. */
    void onLost(StreamAttempt<Q, A> attempt, Throwable cause);
  }

  private final StreamHandler<Q, A> handler;
  private final ToIntFunction<Q> size;
  private final KeptStreamConfig config;
  private final Budget queuedBytes;
  private final Owner<Q, A> owner;
  private final AtomicBoolean ended = new AtomicBoolean();

  /** Held while the handler is told of the welcome or of the loss; nothing there waits. */
  private final Object welcoming = new Object();

  private volatile @Nullable Dialed dialed;
  private volatile @Nullable FlowControlledSender<Q> sender;
  private volatile @Nullable ScheduledFuture<?> handshakeTimer;
  private volatile boolean started;
  private volatile boolean welcomed;
  private volatile boolean completing;

  StreamAttempt(
      Function<StreamConnection<Q>, StreamHandler<Q, A>> handlers,
      ToIntFunction<Q> size,
      KeptStreamConfig config,
      Budget queuedBytes,
      Owner<Q, A> owner) {
    this.size = size;
    this.config = config;
    this.queuedBytes = queuedBytes;
    this.owner = owner;
    this.handler = handlers.apply(this);
  }

  /** Begins to connect. To be called once, before anything is offered. */
  void open(ScheduledExecutorService timer) {
    try {
      call();
    } catch (RuntimeException e) {
      // Such as for a name that gRPC takes for none: the next attempt may find another.
      end(Status.UNAVAILABLE.withDescription(String.valueOf(e.getMessage())).asException());
      return;
    }
    Duration timeout = config.handshakeTimeout();
    try {
      handshakeTimer =
          timer.schedule(
              () -> onHandshakeTimeout(timeout), timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // Whatever this belongs to is being closed.
      end(Status.CANCELLED.withCause(e).asException());
    }
    cancelTimerIfDone();
  }

  StreamHandler<Q, A> handler() {
    return handler;
  }

  private void call() {
    Dialed opened = handler.dial(this);
    dialed = opened;
    if (ended.get()) {
      opened.hangUp();
      return;
    }
    started = true;
    FlowControlledSender<Q> held = sender;
    if (held != null) {
      held.offerAhead(handler.hello());
    }
  }

  @Override
  public boolean offer(Q frame) {
    return offer(frame, Share.ALL);
  }

  @Override
  public boolean offer(Q frame, Share share) {
    return offer(List.of(frame), share);
  }

  @Override
  public void end(String why) {
    end(Status.ABORTED.withDescription(why).asException());
  }

  boolean offer(List<Q> frames, Share share) {
    FlowControlledSender<Q> open = sender;
    return started && open != null && open.offer(frames, share);
  }

  @Override
  public long queuedBytes() {
    FlowControlledSender<Q> open = sender;
    return open == null ? 0 : open.queuedBytes();
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<Q> stream) {
    FlowControlledSender<Q> held =
        new FlowControlledSender<>(stream, size, config.queue(), queuedBytes, this, true);
    stream.setOnReadyHandler(
        () -> {
          held.onReady();
          if (welcomed) {
            handler.onWritable();
          }
        });
    sender = held;
  }

  @Override
  public void onNext(A answer) {
    if (ended.get()) {
      return;
    }
    try {
      if (welcomed) {
        handler.onAnswer(answer);
        return;
      }
      if (!welcome(answer)) {
        return;
      }
      cancelTimerIfDone();
      if (owner.onWelcome(this)) {
        FlowControlledSender<Q> open = sender;
        if (open != null) {
          open.release();
        }
        handler.onReady();
      }
    } catch (MalformedFrameException e) {
      String where = welcomed ? "an answer" : "the welcome";
      end(Status.INTERNAL.withDescription(where + ": " + e.getMessage()).asException());
    }
  }

  /** False if the attempt has ended, so that the handler does not hear of it after its loss. */
  private boolean welcome(A answer) throws MalformedFrameException {
    synchronized (welcoming) {
      if (ended.get()) {
        return false;
      }
      handler.onWelcome(answer);
      welcomed = true;
      return true;
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
  public void onDropped(List<Q> frames) {
    handler.onDropped(frames);
  }

  /** Says that no more comes after what was accepted; the peer's answer to that ends it. */
  void complete() {
    completing = true;
    FlowControlledSender<Q> open = sender;
    if (open != null) {
      open.complete();
    }
  }

  @Override
  public void onEnded(Optional<Throwable> cause) {
    if (cause.isEmpty() && completing) {
      return;
    }
    end(cause.orElseGet(Status.CANCELLED::asException));
  }

  private void onHandshakeTimeout(Duration timeout) {
    if (!welcomed) {
      end(Status.DEADLINE_EXCEEDED.withDescription("not welcomed within " + timeout).asException());
    }
  }

  void end(Throwable cause) {
    if (!ended.compareAndSet(false, true)) {
      return;
    }
    cancelTimerIfDone();
    FlowControlledSender<Q> open = sender;
    if (open != null) {
      open.terminated(cause);
    }
    Dialed opened = dialed;
    if (opened != null) {
      opened.hangUp();
    }
    synchronized (welcoming) {
      owner.onLost(this, cause);
    }
  }

  /** The handshake may be over before its timer has been put where others see it. */
  private void cancelTimerIfDone() {
    ScheduledFuture<?> timer = handshakeTimer;
    if (timer != null && (welcomed || ended.get())) {
      timer.cancel(false);
    }
  }
}
