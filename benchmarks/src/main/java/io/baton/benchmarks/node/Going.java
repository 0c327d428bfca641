package io.baton.benchmarks.node;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What is sent in one go: the next when one has arrived, for so long or until there were so many.
 */
final class Going {

  private final CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
  private final Runnable sender;
  private final long began = System.nanoTime();
  private final long deadline;
  private final int most;
  private int sent;
  private int underWay;
  private int arrived;

  /**
   * @param sender sends one; any thread calls it
   */
  Going(Duration time, int most, Runnable sender) {
    this.deadline = began + time.toNanos();
    this.most = most;
    this.sender = sender;
  }

  /** Sends so many at a time, and returns when all have arrived. */
  Sent send(int inFlight, Duration patience) throws Exception {
    for (int i = 0; i < inFlight; i++) {
      next();
    }
    long left = deadline - System.nanoTime() + patience.toNanos();
    done.get(left, TimeUnit.NANOSECONDS);
    return Sent.since(began, arrived);
  }

  private void next() {
    synchronized (this) {
      if (sent == most || System.nanoTime() - deadline >= 0) {
        if (underWay == 0) {
          done.complete(null);
        }
        return;
      }
      sent++;
      underWay++;
    }
    try {
      sender.run();
    } catch (RuntimeException e) {
      fail(e);
    }
  }

  /** One that was sent has arrived. */
  void arrived() {
    synchronized (this) {
      underWay--;
      arrived++;
    }
    next();
  }

  /** No more will arrive. */
  void fail(RuntimeException why) {
    done.completeExceptionally(why);
  }
}
