package io.baton.client.sidecar;

import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Copies what is large on a thread of its own, which ends when there is nothing to do. */
final class Copier implements AutoCloseable {

  /** What takes less time to copy than to hand to another thread. */
  private static final long SMALL_BYTES = 128 << 10;

  private static final Duration IDLE = Duration.ofSeconds(10);

  private final ThreadPoolExecutor thread;

  /**
   * @param waiting copies that may wait for the thread
   */
  Copier(int waiting) {
    thread =
        new ThreadPoolExecutor(
            1,
            1,
            IDLE.toNanos(),
            TimeUnit.NANOSECONDS,
            new LinkedBlockingQueue<>(waiting),
            task -> Thread.ofPlatform().daemon().name("baton-sidecar-copy").unstarted(task));
    thread.allowCoreThreadTimeOut(true);
  }

  /**
   * Runs what copies so many bytes, here if they are few.
   *
   * @throws RejectedExecutionException if too many wait for that
   */
  void copy(long bytes, Runnable task) {
    if (bytes <= SMALL_BYTES) {
      task.run();
    } else {
      thread.execute(task);
    }
  }

  /** What waits is copied still. */
  @Override
  public void close() {
    thread.shutdown();
  }
}
