package io.baton.benchmarks.node;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** How many messages are under way, and what went wrong with one of them. */
final class Window {

  private final Semaphore room;
  private final int size;
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  Window(int size) {
    this.size = size;
    room = new Semaphore(size);
  }

  /** Waits until one more may be sent. */
  void acquire() throws InterruptedException {
    acquire(1);
  }

  /** Waits until all are acknowledged. */
  void awaitAll() throws InterruptedException {
    acquire(size);
  }

  private void acquire(int places) throws InterruptedException {
    boolean acquired = room.tryAcquire(places, Node.PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
    Throwable wrong = failure.get();
    if (wrong != null) {
      throw new IllegalStateException(String.valueOf(wrong.getMessage()), wrong);
    }
    if (!acquired) {
      throw new IllegalStateException("a message was not acknowledged within " + Node.PATIENCE);
    }
  }

  /** One has come to its end. */
  void release(@Nullable Throwable error) {
    check(error);
    room.release();
  }

  /** One has gone wrong, if it has. */
  void check(@Nullable Throwable error) {
    if (error != null) {
      failure.compareAndSet(null, error);
    }
  }
}
