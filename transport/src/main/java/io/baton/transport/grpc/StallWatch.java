package io.baton.transport.grpc;

import io.baton.transport.Alarm;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Ends a stream whose other end owes something and does not send it: the hello that a stream begins
 * with, or the rest of a payload that it has announced. Every stream of a server has one. Any
 * thread may call.
 */
public final class StallWatch implements AutoCloseable {

  /** Long enough for any network that works. */
  public static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Duration patience;
  private final Consumer<String> onStalled;
  private final Alarm alarm;

  // Under the lock.
  private @Nullable String owed;
  private long sinceNanos;
  private boolean closed;

  /**
   * Nothing is owed yet.
   *
   * @param timer for deadlines; its tasks are short
   * @param patience for what is owed, and for each part of it
   * @param onStalled told on the timer's thread what did not come, once for each time that it is
   *     owed
   */
  public StallWatch(ScheduledExecutorService timer, Duration patience, Consumer<String> onStalled) {
    this.patience = patience;
    this.onStalled = onStalled;
    this.alarm = new Alarm(timer, this::look);
  }

  /** That is owed from now on, unless it is already. */
  public synchronized void awaits(String what) {
    if (!closed && !what.equals(owed)) {
      owed = what;
      begin();
    }
  }

  /** A part of that has come, and more is owed. */
  public synchronized void progressed(String what) {
    if (!closed) {
      owed = what;
      begin();
    }
  }

  /** Nothing is owed any more. */
  public synchronized void settled() {
    owed = null;
  }

  private void begin() {
    sinceNanos = System.nanoTime();
    alarm.set(sinceNanos + patience.toNanos());
  }

  private void look() {
    String missing;
    synchronized (this) {
      missing = owed;
      if (missing == null) {
        return;
      }
      long deadline = sinceNanos + patience.toNanos();
      if (deadline - System.nanoTime() > 0) {
        alarm.set(deadline);
        return;
      }
      owed = null;
    }
    onStalled.accept(missing);
  }

  /** The stream is over. Idempotent. */
  @Override
  public synchronized void close() {
    closed = true;
    owed = null;
    alarm.cancel();
  }
}
