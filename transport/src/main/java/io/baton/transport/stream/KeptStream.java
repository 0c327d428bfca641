package io.baton.transport.stream;

import io.baton.transport.Budget;
import io.baton.transport.Share;
import io.baton.transport.grpc.StatusText;
import io.grpc.Status;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A stream to a peer that is kept: when it breaks, it is made anew after a pause. What was on its
 * way then is dropped; nothing is ever sent twice. Any thread may call; none is made to wait.
 *
 * @param <Q> frames to the peer
 * @param <A> frames from the peer
 */
public final class KeptStream<Q, A> implements AutoCloseable {

  private final Function<StreamConnection<Q>, StreamHandler<Q, A>> handlers;
  private final ToIntFunction<Q> size;
  private final KeptStreamConfig config;
  private final Budget queuedBytes;
  private final ScheduledExecutorService timer;
  private final RandomGenerator random;

  private final CompletableFuture<@Nullable Void> completed = new CompletableFuture<>();

  // Written under the lock; read without.
  private final Object lock = new Object();
  private volatile StreamState state = StreamState.CONNECTING;
  private volatile @Nullable StreamAttempt<Q, A> current;
  private volatile @Nullable String lastFailure;

  // Under the lock.
  private int failuresInARow;
  private @Nullable ScheduledFuture<?> retry;

  /** Not yet connecting; one handler hears of every connection. */
  public KeptStream(
      StreamHandler<Q, A> handler,
      ToIntFunction<Q> size,
      KeptStreamConfig config,
      Budget queuedBytes,
      ScheduledExecutorService timer,
      RandomGenerator random) {
    this(_ -> handler, size, config, queuedBytes, timer, random);
  }

  /**
   * Not yet connecting.
   *
   * @param handlers makes a handler for each attempt, so that no word of one connection is taken
   *     for a word of the next
   * @param size bytes that a frame takes on the wire
   * @param queuedBytes what may wait in this and other streams together
   * @param timer for deadlines and delays; its tasks are short
   * @param random for jitter; used by one thread at a time
   */
  public KeptStream(
      Function<StreamConnection<Q>, StreamHandler<Q, A>> handlers,
      ToIntFunction<Q> size,
      KeptStreamConfig config,
      Budget queuedBytes,
      ScheduledExecutorService timer,
      RandomGenerator random) {
    this.handlers = handlers;
    this.size = size;
    this.config = config;
    this.queuedBytes = queuedBytes;
    this.timer = timer;
    this.random = random;
  }

  /** Begins to connect and returns without waiting for it. To be called once. */
  public void open() {
    connect();
  }

  /** Sends the frames together, after all that was accepted before, or answers false. */
  public boolean offer(List<Q> frames, Share share) {
    StreamAttempt<Q, A> connection = current;
    return connection != null && state != StreamState.CLOSED && connection.offer(frames, share);
  }

  /** The same for one frame, with all the room that there is. */
  public boolean offer(Q frame) {
    return offer(List.of(frame), Share.ALL);
  }

  /** Bytes that wait to be written. */
  public long queuedBytes() {
    StreamAttempt<Q, A> connection = current;
    return connection == null ? 0 : connection.queuedBytes();
  }

  public StreamState state() {
    return state;
  }

  /** Why the last attempt or connection failed, in words. */
  public Optional<String> lastFailure() {
    return Optional.ofNullable(lastFailure);
  }

  /** Ends the connection that there is; another is tried. */
  public void reconnect(String why) {
    StreamAttempt<Q, A> connection = current;
    if (connection != null) {
      connection.end(why);
    }
  }

  /**
   * Sends what was accepted and says that no more comes; nothing is offered or tried any more. To
   * be followed by {@link #close}.
   *
   * @return done when the peer has ended its side as well, or the connection is lost
   */
  public CompletableFuture<@Nullable Void> complete() {
    StreamAttempt<Q, A> open;
    synchronized (lock) {
      boolean ready = state == StreamState.READY;
      state = StreamState.CLOSED;
      if (retry != null) {
        retry.cancel(false);
      }
      open = current;
      if (!ready || open == null) {
        completed.complete(null);
        return completed;
      }
    }
    open.complete();
    return completed;
  }

  /** Drops what has not been sent and lets go of everything. Idempotent; does not wait. */
  @Override
  public void close() {
    StreamAttempt<Q, A> open;
    synchronized (lock) {
      state = StreamState.CLOSED;
      open = current;
      current = null;
      if (retry != null) {
        retry.cancel(false);
      }
    }
    completed.complete(null);
    if (open != null) {
      open.end(Status.CANCELLED.withDescription("closed").asException());
    }
  }

  private void connect() {
    StreamAttempt<Q, A> attempt;
    synchronized (lock) {
      if (state == StreamState.CLOSED) {
        return;
      }
      attempt = new StreamAttempt<>(handlers, size, config, queuedBytes, owner());
      state = StreamState.CONNECTING;
      current = attempt;
    }
    attempt.open(timer);
  }

  /** Under the lock. */
  private void scheduleConnect() {
    failuresInARow++;
    long delay = config.backoff().after(failuresInARow, random).toNanos();
    try {
      retry = timer.schedule(this::connect, delay, TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // Whatever this stream belongs to is being closed, and the stream with it.
      state = StreamState.CLOSED;
    }
  }

  /** What the attempts report. One that is no longer the current one changes nothing. */
  private StreamAttempt.Owner<Q, A> owner() {
    return new StreamAttempt.Owner<>() {
      @Override
      public boolean onWelcome(StreamAttempt<Q, A> attempt) {
        synchronized (lock) {
          if (attempt != current || state == StreamState.CLOSED) {
            return false;
          }
          state = StreamState.READY;
          failuresInARow = 0;
          return true;
        }
      }

      @Override
      public void onLost(StreamAttempt<Q, A> attempt, Throwable cause) {
        String why = StatusText.of(Status.fromThrowable(cause));
        synchronized (lock) {
          if (attempt != current) {
            return;
          }
          current = null;
          if (state == StreamState.CLOSED) {
            completed.complete(null);
            return;
          }
          state = StreamState.BACKOFF;
          lastFailure = why;
        }
        // Before there is another connection, which what is done about this loss would hit.
        attempt.handler().onLost(why);
        synchronized (lock) {
          if (state != StreamState.CLOSED) {
            scheduleConnect();
          }
        }
      }
    };
  }
}
