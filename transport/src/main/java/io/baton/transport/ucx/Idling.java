package io.baton.transport.ucx;

import java.util.function.BooleanSupplier;

/**
 * What the progress thread does when it finds no work: look again for as long as the configuration
 * says, then sleep. UCX cannot be left alone while messages wait for room in shared memory, because
 * no event tells of it; then the thread goes on looking, and after a while does so every
 * millisecond only, so that a peer that stands still does not cost a core. Looking again lets other
 * threads run first: what is waited for may need this very processor.
 */
final class Idling {

  /** How the thread spent its time. */
  enum Rest {
    /** It is to look again. */
    LOOKED,
    /** UCX could be armed. */
    SLEPT,
    /** UCX could not be armed for a while, and has nothing to do. */
    PAUSED
  }

  private static final long SHORTEST_LOOK_NANOS = 5_000;
  private static final long BUSY_NANOS = 5_000_000;
  private static final int PAUSE_MILLIS = 1;

  private final Wakeup wakeup;
  private final long spinNanos;
  private final BooleanSupplier noCommands;
  private final Runnable onSleep;
  private boolean idle;
  private long idleSince;
  private long lookUntil;

  Idling(Wakeup wakeup, long spinNanos, BooleanSupplier noCommands, Runnable onSleep) {
    this.wakeup = wakeup;
    this.spinNanos = spinNanos;
    this.noCommands = noCommands;
    this.onSleep = onSleep;
  }

  void worked() {
    idle = false;
  }

  /**
   * Called each time that there was nothing to do.
   *
   * @param longestMillis to sleep
   */
  @SuppressWarnings("ThreadPriorityCheck")
  Rest rest(int longestMillis, long nowNanos) {
    if (!idle) {
      idle = true;
      idleSince = nowNanos;
      lookUntil = nowNanos + spinNanos;
    }
    if (nowNanos - lookUntil < 0) {
      Thread.yield();
      return Rest.LOOKED;
    }
    return switch (wakeup.sleep(longestMillis, noCommands)) {
      case SLEPT -> {
        onSleep.run();
        worked();
        yield Rest.SLEPT;
      }
      case CALLED -> {
        worked();
        yield Rest.LOOKED;
      }
      case BUSY -> {
        if (nowNanos - idleSince < BUSY_NANOS) {
          lookUntil = nowNanos + Math.max(SHORTEST_LOOK_NANOS, spinNanos);
          yield Rest.LOOKED;
        }
        wakeup.pause(PAUSE_MILLIS, noCommands);
        yield Rest.PAUSED;
      }
    };
  }
}
