package io.baton.transport;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Wakes one session when its next deadline comes. A deadline that moves away is not chased: the
 * alarm rings at the old time and the session looks again, so that the renewal of a lease costs
 * nothing. Set and cancelled by one thread at a time, and rung by the timer's.
 */
public final class Alarm {

  /**
   * One setting of the alarm. Whoever is woken may set the alarm again while the timer is still at
   * the ringing, so that the timer's own word on what is done comes too late.
   */
  private static final class Setting implements Runnable {
    private final long deadlineNanos;
    private final Runnable ring;
    private volatile boolean rung;
    private @Nullable ScheduledFuture<?> scheduled;

    Setting(long deadlineNanos, Runnable ring) {
      this.deadlineNanos = deadlineNanos;
      this.ring = ring;
    }

    @Override
    public void run() {
      rung = true;
      ring.run();
    }
  }

  private final ScheduledExecutorService timer;
  private final Runnable ring;
  private @Nullable Setting current;

  public Alarm(ScheduledExecutorService timer, Runnable ring) {
    this.timer = timer;
    this.ring = ring;
  }

  /** Rings at {@code deadlineNanos} of {@link System#nanoTime} or earlier. */
  public void set(long deadlineNanos) {
    if (current != null && !current.rung && current.deadlineNanos - deadlineNanos <= 0) {
      return;
    }
    cancel();
    Setting setting = new Setting(deadlineNanos, ring);
    long delay = Math.max(0, deadlineNanos - System.nanoTime());
    try {
      setting.scheduled = timer.schedule(setting, delay, TimeUnit.NANOSECONDS);
      current = setting;
    } catch (RejectedExecutionException e) {
      // The timer is stopped, and with it all that it woke.
    }
  }

  public void cancel() {
    if (current != null && current.scheduled != null) {
      current.scheduled.cancel(false);
    }
    current = null;
  }
}
