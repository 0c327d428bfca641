package io.baton.transport.ucx;

import java.util.function.BooleanSupplier;

/**
 * What the progress thread does when it finds no work: spin for as long as the configuration says,
 * then sleep. UCX cannot be left alone while messages wait for room in shared memory, of which no
 * event tells; then the thread lets others run, and after a while only looks every millisecond, so
 * that a peer that stands still does not cost a core.
 */
final class Idling {

  private static final int YIELDS = 2000;
  private static final int PAUSE_MILLIS = 1;

  private final Wakeup wakeup;
  private final long spinNanos;
  private final BooleanSupplier noCommands;
  private final Runnable onSleep;
  private long idleSince;
  private boolean idle;
  private int yields;

  Idling(Wakeup wakeup, long spinNanos, BooleanSupplier noCommands, Runnable onSleep) {
    this.wakeup = wakeup;
    this.spinNanos = spinNanos;
    this.noCommands = noCommands;
    this.onSleep = onSleep;
  }

  void worked() {
    idle = false;
    yields = 0;
  }

  /**
   * Called each time that there was nothing to do.
   *
   * @param longestMillis to sleep
   */
  @SuppressWarnings("ThreadPriorityCheck") // What is waited for may need this very processor.
  void rest(int longestMillis) {
    if (spins()) {
      Thread.yield();
      return;
    }
    switch (wakeup.sleep(longestMillis, noCommands)) {
      case SLEPT -> {
        onSleep.run();
        worked();
      }
      case CALLED -> worked();
      case BUSY -> {
        if (yields < YIELDS) {
          yields++;
          Thread.yield();
        } else {
          wakeup.pause(PAUSE_MILLIS, noCommands);
        }
      }
    }
  }

  private boolean spins() {
    if (spinNanos == 0) {
      return false;
    }
    long now = System.nanoTime();
    if (!idle) {
      idle = true;
      idleSince = now;
    }
    return now - idleSince < spinNanos;
  }
}
