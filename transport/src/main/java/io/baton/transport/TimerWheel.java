package io.baton.transport;

import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What is to be done at some time. Adding, cancelling and coming due cost the same however many
 * wait: a timer hangs in the spoke of its time, in a list that it can be taken out of, and one that
 * is cancelled leaves nothing behind. A spoke is looked at once a turn, and what is due in later
 * turns stays there. To be used by one thread at a time, which says what time it is.
 */
public final class TimerWheel {

  /** Something to be done once. */
  public static final class Timer {
    private final long atNanos;
    private final Runnable task;
    private @Nullable List in;
    private @Nullable Timer before;
    private @Nullable Timer after;

    private Timer(long atNanos, Runnable task) {
      this.atNanos = atNanos;
      this.task = task;
    }
  }

  /** Timers in the order in which they were added. */
  private static final class List {
    private @Nullable Timer first;
    private @Nullable Timer last;

    /** None of them is due earlier; one that was may have been cancelled. */
    private long earliestNanos;

    void add(Timer timer) {
      if (first == null || timer.atNanos - earliestNanos < 0) {
        earliestNanos = timer.atNanos;
      }
      timer.in = this;
      timer.before = last;
      timer.after = null;
      if (last == null) {
        first = timer;
      } else {
        last.after = timer;
      }
      last = timer;
    }

    void remove(Timer timer) {
      if (timer.before == null) {
        first = timer.after;
      } else {
        timer.before.after = timer.after;
      }
      if (timer.after == null) {
        last = timer.before;
      } else {
        timer.after.before = timer.before;
      }
      timer.in = null;
      timer.before = null;
      timer.after = null;
    }
  }

  private static final int SPOKES = 1024;

  /**
   * A spoke is about four milliseconds, a turn four seconds; nothing comes early or late for it.
   */
  private static final int SPOKE_BITS = 22;

  private final long startNanos;
  private final @Nullable List[] spokes = new @Nullable List[SPOKES];
  private final List due = new List();
  private long reached;
  private int size;

  /**
   * @param nowNanos the time, of a clock that may begin anywhere
   */
  public TimerWheel(long nowNanos) {
    startNanos = nowNanos;
  }

  /** How many timers wait. */
  public int size() {
    return size;
  }

  /** Does that at that time, or as soon as the wheel hears of a later one. */
  public Timer add(long atNanos, Runnable task) {
    Timer timer = new Timer(atNanos, task);
    // What is late already is found where the wheel looks next.
    int spoke = spokeOf(Math.max(turned(atNanos), reached));
    List list = spokes[spoke];
    if (list == null) {
      list = new List();
      spokes[spoke] = list;
    }
    list.add(timer);
    size++;
    return timer;
  }

  /** Idempotent, and does nothing to a timer that is being done or was. */
  public void cancel(Timer timer) {
    if (timer.in != null) {
      timer.in.remove(timer);
      size--;
    }
  }

  /** Cancels all. */
  public void clear() {
    for (List list : spokes) {
      if (list != null) {
        empty(list);
      }
    }
    empty(due);
  }

  private void empty(List list) {
    for (Timer timer = list.first; timer != null; timer = list.first) {
      cancel(timer);
    }
  }

  /**
   * Does what is due, one after the other. If a task throws, the others are done with the next
   * call.
   */
  public void expire(long nowNanos) {
    long now = Math.max(turned(nowNanos), reached);
    // The last spoke may hold what is due later in it, and is looked at again.
    for (long spoke = Math.max(reached, now - SPOKES + 1); spoke <= now; spoke++) {
      takeDue(spokes[spokeOf(spoke)], nowNanos);
    }
    reached = now;
    for (Timer timer = due.first; timer != null; timer = due.first) {
      cancel(timer);
      timer.task.run();
    }
  }

  private void takeDue(@Nullable List list, long nowNanos) {
    if (list == null || list.first == null || list.earliestNanos - nowNanos > 0) {
      return;
    }
    long earliest = nowNanos + Long.MAX_VALUE;
    Timer timer = list.first;
    while (timer != null) {
      Timer next = timer.after;
      if (timer.atNanos - nowNanos <= 0) {
        list.remove(timer);
        due.add(timer);
      } else if (timer.atNanos - earliest < 0) {
        earliest = timer.atNanos;
      }
      timer = next;
    }
    list.earliestNanos = earliest;
  }

  /** When something may be due; at this time or later, but never after it is. */
  public OptionalLong nextNanos() {
    if (due.first != null) {
      return OptionalLong.of(due.earliestNanos);
    }
    OptionalLong next = OptionalLong.empty();
    for (long spoke = reached; size > 0 && spoke < reached + SPOKES; spoke++) {
      List list = spokes[spokeOf(spoke)];
      if (list == null || list.first == null) {
        continue;
      }
      if (turned(list.earliestNanos) <= spoke) {
        // Whatever hangs further on is due later.
        return least(next, list.earliestNanos);
      }
      next = least(next, list.earliestNanos);
    }
    return next;
  }

  private static OptionalLong least(OptionalLong one, long other) {
    return one.isPresent() && one.getAsLong() - other <= 0 ? one : OptionalLong.of(other);
  }

  private long turned(long nanos) {
    return (nanos - startNanos) >> SPOKE_BITS;
  }

  private static int spokeOf(long turned) {
    return (int) (turned & (SPOKES - 1));
  }
}
