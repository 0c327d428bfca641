package io.baton.transport;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Wakes one session when its next deadline comes. A deadline that moves away is not chased: the
 * alarm rings at the old time and the session looks again, so that the renewal of a lease costs
 * nothing. Used by one thread at a time.
 */
public final class Alarm {

  private final ScheduledExecutorService timer;
  private final Runnable ring;
  private @Nullable ScheduledFuture<?> pending;
  private long pendingNanos;

  public Alarm(ScheduledExecutorService timer, Runnable ring) {
    this.timer = timer;
    this.ring = ring;
  }

  /** Rings at {@code deadlineNanos} of {@link System#nanoTime} or earlier. */
  public void set(long deadlineNanos) {
    if (pending != null && !pending.isDone() && pendingNanos - deadlineNanos <= 0) {
      return;
    }
    cancel();
    pendingNanos = deadlineNanos;
    try {
      pending =
          timer.schedule(
              ring, Math.max(0, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // The timer is stopped, and with it all that it woke.
      pending = null;
    }
  }

  public void cancel() {
    if (pending != null) {
      pending.cancel(false);
      pending = null;
    }
  }
}
