package io.baton.stages;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How far Jlama's code has been compiled, as can be told from how often it has run: the JVM
 * interprets what it sees for the first time, and the first step takes a hundred times as long as
 * the hundredth. All models of a process share the code, so that what one of them computes warms
 * the others. Safe for use by several threads.
 */
final class Warmth {

  /** After some thirty the next ones get hardly faster. */
  private static final int STEPS = 100;

  /** Of a large model each step takes long, and after a few it is the weights that take it. */
  private static final long LONGEST_NANOS = 10_000_000_000L;

  /** That of this process. */
  static final Warmth SHARED = new Warmth(STEPS, LONGEST_NANOS);

  private final int enough;
  private final long longestNanos;
  private final AtomicInteger steps = new AtomicInteger();
  private final AtomicLong spentNanos = new AtomicLong();

  /**
   * @param enough steps through the layers of a stage, of however many rows
   * @param longestNanos to be spent on steps that nobody has asked for
   */
  Warmth(int enough, long longestNanos) {
    this.enough = enough;
    this.longestNanos = longestNanos;
  }

  /** A step has been computed, whoever it was for. */
  void computed() {
    if (steps.get() < enough) {
      steps.incrementAndGet();
    }
  }

  /** So much time went into a step that nobody had asked for, finished or not. */
  void spent(long nanos) {
    spentNanos.addAndGet(nanos);
  }

  /** How long the next such step may take, 0 if there should be none. */
  long leftNanos() {
    return steps.get() >= enough ? 0 : Math.max(0, longestNanos - spentNanos.get());
  }
}
