package io.baton.relay.exchange;

import io.baton.transport.Alarm;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** What is to be done at some time, in the loop. To be used in the loop alone. */
final class Deadlines {

  /** Something to be done once. */
  static final class Due {
    private final long atNanos;
    private final Runnable task;
    private boolean cancelled;

    private Due(long atNanos, Runnable task) {
      this.atNanos = atNanos;
      this.task = task;
    }
  }

  private final LongSupplier nanoTime;
  private final Alarm alarm;
  private final PriorityQueue<Due> queue =
      new PriorityQueue<>(Comparator.comparingLong(due -> due.atNanos));

  Deadlines(ScheduledExecutorService timer, LongSupplier nanoTime, Consumer<Runnable> loop) {
    this.nanoTime = nanoTime;
    this.alarm = new Alarm(timer, () -> loop.accept(this::ring));
  }

  Due at(long atNanos, Runnable task) {
    Due due = new Due(atNanos, task);
    queue.add(due);
    alarm.set(atNanos);
    return due;
  }

  void cancel(Due due) {
    if (!due.cancelled) {
      due.cancelled = true;
      queue.remove(due);
    }
  }

  void clear() {
    queue.clear();
    alarm.cancel();
  }

  private void ring() {
    long now = nanoTime.getAsLong();
    for (Due due = queue.peek(); due != null && due.atNanos - now <= 0; due = queue.peek()) {
      queue.remove();
      if (!due.cancelled) {
        due.cancelled = true;
        due.task.run();
      }
    }
    Due next = queue.peek();
    if (next != null) {
      alarm.set(next.atNanos);
    }
  }
}
