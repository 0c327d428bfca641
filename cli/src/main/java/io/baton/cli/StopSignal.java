package io.baton.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a server command alive until it is told to stop: by SIGTERM or SIGINT, or, where asked for,
 * by the end of standard input, which is how a process started by another notices that the other is
 * gone. The process then ends when the command has taken its leave, which is when this is closed,
 * or, since a step that is being computed cannot be interrupted, when the time for that is over.
 */
public final class StopSignal implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(StopSignal.class);

  private final Duration patience;
  private final CountDownLatch told = new CountDownLatch(1);
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread hook = Thread.ofPlatform().name("baton-stop").unstarted(this::stop);

  /** When it was told first. */
  private long toldNanos;

  private StopSignal(Duration patience) {
    this.patience = patience;
  }

  /**
   * Listens from now on. To be closed last, when all else is.
   *
   * @param patience how long the command may take to end once it is told to
   */
  public static StopSignal listen(boolean toInputEnd, Duration patience) {
    StopSignal signal = new StopSignal(patience);
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
    try {
      if (!awaitStopped()) {
        log.warn("something is under way that cannot be interrupted; ending without it");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whoever asks again has no more time for that. */
  private boolean awaitStopped() throws InterruptedException {
    long since;
    synchronized (this) {
      if (told.getCount() > 0) {
        toldNanos = System.nanoTime();
        told.countDown();
      }
      since = System.nanoTime() - toldNanos;
    }
    return stopped.await(patience.toNanos() - since, TimeUnit.NANOSECONDS);
  }

  private void readToEnd() {
    try {
      while (System.in.read() >= 0) {
        // Nobody has anything to say here but that it is over.
      }
    } catch (IOException e) {
      // As good as its end.
    }
    try {
      if (!awaitStopped()) {
        System.exit(ExitCode.INTERRUPTED);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
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
