package io.baton.session.stage;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What an executor has to do, and whether it gets on with it. It is slow as long as it answers, or
 * gets further with what it is at, now and then; it hangs if it has something to do and has done
 * neither for so many ticks in a row. Ticks are counted, not time: a process that was stopped and
 * goes on has missed them, and so does not take its executor for one that hung meanwhile.
 *
 * <p>Commands are carried out one at a time, in the order in which they were given, so that only
 * what becomes of the first tells anything: another that is answered was turned away.
 *
 * <p>Work is counted in rows times layers. Not for use by several threads at once.
 */
public final class ExecutorWatch {

  private final int patienceTicks;
  private final Map<Long, Long> left = new LinkedHashMap<>();
  private int idleTicks;
  private boolean hangs;

  /**
   * @param patienceTicks in which it may get no further before it hangs
   * @throws IllegalArgumentException if there are none
   */
  public ExecutorWatch(int patienceTicks) {
    if (patienceTicks < 1) {
      throw new IllegalArgumentException("patience for %d ticks".formatted(patienceTicks));
    }
    this.patienceTicks = patienceTicks;
  }

  /** A command of so much work has been given to it; 0 for one that computes nothing. */
  public void given(long command, long work) {
    left.put(command, work);
  }

  /** It says how much of a command is left. Only less than before shows that it got on. */
  public void computed(long command, long workLeft) {
    if (isFirst(command) && workLeft >= 0 && workLeft < left.getOrDefault(command, 0L)) {
      left.put(command, workLeft);
      gotOn();
    }
  }

  /** It has answered a command. */
  public void answered(long command) {
    if (isFirst(command)) {
      gotOn();
    }
    left.remove(command);
  }

  /** A command will not be answered any more, which is no sign of life. */
  public void lost(long command) {
    left.remove(command);
  }

  private boolean isFirst(long command) {
    return !left.isEmpty() && left.keySet().iterator().next() == command;
  }

  private void gotOn() {
    idleTicks = 0;
    hangs = false;
  }

  /**
   * Some time has passed.
   *
   * @return whether it hangs since this tick
   */
  public boolean tick() {
    idleTicks = left.isEmpty() ? 0 : idleTicks + 1;
    boolean now = idleTicks >= patienceTicks && !hangs;
    hangs |= now;
    return now;
  }

  /** Whether it hangs; until it answers, or gets further. */
  public boolean hangs() {
    return hangs;
  }

  /** Work to be done until each command is done, that before it included. */
  public Map<Long, Long> workLeft() {
    Map<Long, Long> sums = new LinkedHashMap<>();
    long sum = 0;
    for (Map.Entry<Long, Long> command : left.entrySet()) {
      sum += command.getValue();
      sums.put(command.getKey(), sum);
    }
    return sums;
  }
}
