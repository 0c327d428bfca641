package io.baton.transport;

import io.baton.transport.TimerWheel.Timer;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * What is to be done at some time, in a loop. One timer of the executor serves them all, so that
 * what is cancelled before its time, as most of it is, costs nothing there. To be used in the loop
 * alone.
 */
public final class Deadlines {

  private final LongSupplier nanoTime;
  private final Alarm alarm;
  private final TimerWheel wheel;

  /**
   * @param nanoTime the time, as {@link System#nanoTime} says it
   */
  public Deadlines(ScheduledExecutorService timer, LongSupplier nanoTime, Consumer<Runnable> loop) {
    this.nanoTime = nanoTime;
    this.alarm = new Alarm(timer, () -> loop.accept(this::ring));
    this.wheel = new TimerWheel(nanoTime.getAsLong());
  }

  /** Does that in the loop, once it is that late. */
  public Timer at(long atNanos, Runnable task) {
    Timer due = wheel.add(atNanos, task);
    alarm.set(atNanos);
    return due;
  }

  /** Idempotent. */
  public void cancel(Timer due) {
    wheel.cancel(due);
  }

  /** Cancels all. */
  public void clear() {
    wheel.clear();
    alarm.cancel();
  }

  /** How many wait. */
  public int size() {
    return wheel.size();
  }

  private void ring() {
    try {
      wheel.expire(nanoTime.getAsLong());
    } finally {
      // Also if a task throws: the others must not wait for ever.
      wheel.nextNanos().ifPresent(alarm::set);
    }
  }
}
