package io.baton.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Keeps a server command alive until it is told to stop: by SIGTERM or SIGINT, or, where asked for,
 * by the end of standard input, which is how a process started by another notices that the other is
 * gone. The process then ends only when the command has taken its leave: when this is closed.
 */
public final class StopSignal implements AutoCloseable {

  private final CountDownLatch told = new CountDownLatch(1);
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread hook = Thread.ofPlatform().name("baton-stop").unstarted(this::stop);

  /** Listens from now on. To be closed last, when all else is. */
  public static StopSignal listen(boolean toInputEnd) {
    StopSignal signal = new StopSignal();
    Runtime.getRuntime().addShutdownHook(signal.hook);
    if (toInputEnd) {
      Thread.ofPlatform().daemon().name("baton-stdin").start(signal::readToEnd);
    }
    return signal;
  }

  /** Waits until it is time to stop. */
  void await() throws InterruptedException {
    told.await();
  }

  /** Waits until it is time to stop, or the time is over; true if it is time to stop. */
  public boolean await(Duration timeout) throws InterruptedException {
    return told.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void stop() {
    told.countDown();
    try {
      stopped.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void readToEnd() {
    try {
      while (System.in.read() >= 0) {
        // Nobody has anything to say here but that it is over.
      }
    } catch (IOException e) {
      // As good as its end.
    } finally {
      told.countDown();
    }
  }

  @Override
  public void close() {
    stopped.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // It is running, and about to end.
    }
  }
}
