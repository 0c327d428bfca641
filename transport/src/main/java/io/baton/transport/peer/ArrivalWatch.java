package io.baton.transport.peer;

import io.baton.transport.Alarm;
import java.time.Duration;
import java.util.concurrent.ScheduledExecutorService;

/**
 * Sees to it that what is awaited on one connection comes. Bodies take turns there, so that what
 * waits for its own is owed nothing as long as others come, and not a byte at a time. Any thread
 * may call.
 */
final class ArrivalWatch {

  /** So much has to come while it has patience, unless less completes a body. */
  private static final long PROGRESS_BYTES = 64 << 10;

  private final long patienceNanos;
  private final Runnable onOverdue;
  private final Alarm alarm;

  // Under the lock.
  private boolean awaited;
  private int landings;
  private long movedAtNanos;
  private long sinceMoved;

  /**
   * Nothing is awaited yet.
   *
   * @param onOverdue told on the timer's thread when nothing has come for too long
   */
  ArrivalWatch(ScheduledExecutorService timer, Duration patience, Runnable onOverdue) {
    this.patienceNanos = patience.toNanos();
    this.onOverdue = onOverdue;
    this.alarm = new Alarm(timer, this::look);
  }

  /** Something is awaited from now on. */
  synchronized void begin() {
    awaited = true;
    moved();
    alarm.set(movedAtNanos + patienceNanos);
  }

  /** Nothing is awaited any more. */
  synchronized void end() {
    awaited = false;
    alarm.cancel();
  }

  /**
   * So much of any body has come.
   *
   * @param whole whether all of a body has come by it
   */
  synchronized void moved(long bytes, boolean whole) {
    sinceMoved += bytes;
    if (whole || sinceMoved >= PROGRESS_BYTES) {
      moved();
    }
  }

  /** Any body is being written beside the stream; whoever writes it knows if it stands still. */
  synchronized void landingBegun() {
    landings++;
  }

  synchronized void landingOver() {
    landings--;
    moved();
  }

  private void moved() {
    sinceMoved = 0;
    movedAtNanos = System.nanoTime();
  }

  private void look() {
    synchronized (this) {
      if (!awaited) {
        return;
      }
      long now = System.nanoTime();
      long due = (landings > 0 ? now : movedAtNanos) + patienceNanos;
      if (due - now > 0) {
        alarm.set(due);
        return;
      }
    }
    onOverdue.run();
  }
}
