package io.baton.cli;

import io.baton.simulations.study.Progress;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** A bar on standard error, if a person sits before it. */
final class TerminalProgress implements Progress, AutoCloseable {

  private static final int REFRESH_MILLIS = 200;

  private volatile @Nullable ProgressBar bar;

  @Override
  public void begins(long sessions) {
    if (Terminal.isThere()) {
      bar =
          new ProgressBarBuilder()
              .setTaskName("sessions")
              .setInitialMax(sessions)
              .setStyle(ProgressBarStyle.UNICODE_BLOCK)
              .setUpdateIntervalMillis(REFRESH_MILLIS)
              .build();
    }
  }

  @Override
  public void ran() {
    ProgressBar shown = bar;
    if (shown != null) {
      shown.step();
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
