package io.baton.cli;

import io.baton.simulations.study.Progress;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * How far a long command has got: a bar, if a person sits before it, and else a line on standard
 * error now and then, so that nobody takes it for dead. May be told by several threads.
 */
final class TerminalProgress implements Progress, AutoCloseable {

  static final Duration BETWEEN_LINES = Duration.ofSeconds(10);

  private static final int REFRESH_MILLIS = 200;

  private final PrintWriter err;
  private final String what;
  private final boolean person;
  private final LongSupplier clock;
  private final AtomicLong done = new AtomicLong();
  private final AtomicLong nextLine = new AtomicLong();
  private volatile long total;
  private volatile @Nullable ProgressBar bar;

  TerminalProgress(PrintWriter err, String what) {
    this(err, what, Terminal.isThere(), System::nanoTime);
  }

  /**
   * Tells nothing before it {@linkplain #begins begins}.
   *
   * @param what is counted
   * @param person whether one looks at a terminal
   * @param clock in nanoseconds
   */
  TerminalProgress(PrintWriter err, String what, boolean person, LongSupplier clock) {
    this.err = err;
    this.what = what;
    this.person = person;
    this.clock = clock;
  }

  @Override
  public void begins(long all) {
    total = all;
    nextLine.set(clock.getAsLong() + BETWEEN_LINES.toNanos());
    if (person) {
      bar =
          new ProgressBarBuilder()
              .setTaskName(what)
              .setInitialMax(all)
              .setStyle(ProgressBarStyle.UNICODE_BLOCK)
              .setUpdateIntervalMillis(REFRESH_MILLIS)
              .showSpeed()
              .clearDisplayOnFinish()
              .build();
    }
  }

  @Override
  public void ran() {
    reached(done.incrementAndGet());
  }

  /** So much is done in all. */
  void reached(long amount) {
    ProgressBar shown = bar;
    if (shown != null) {
      shown.stepTo(amount);
    } else if (!person) {
      tell(amount);
    }
  }

  private void tell(long amount) {
    long now = clock.getAsLong();
    long due = nextLine.get();
    if (now - due >= 0 && nextLine.compareAndSet(due, now + BETWEEN_LINES.toNanos())) {
      err.println("baton: %,d of %,d %s".formatted(amount, total, what));
    }
  }

  /** Ends the bar; again does nothing. */
  @Override
  public void close() {
    ProgressBar shown = bar;
    bar = null;
    if (shown != null) {
      shown.close();
    }
  }
}
