package io.baton.cli.bench;

import io.baton.benchmarks.BenchListener;
import io.baton.cli.Console;
import java.time.Duration;

/** Says on standard error how a benchmark goes on, if it takes longer than one would wait. */
final class BenchNews implements BenchListener {

  private static final Duration QUIET = Duration.ofSeconds(5);

  private final Console console;
  private final String title;
  private long saidNanos = System.nanoTime();

  BenchNews(Console console, String title) {
    this.console = console;
    this.title = title;
  }

  @Override
  public void progress(String what) {
    long now = System.nanoTime();
    if (now - saidNanos >= QUIET.toNanos()) {
      saidNanos = now;
      note(what);
    }
  }

  @Override
  public void note(String sentence) {
    console.err().println("baton: %s: %s".formatted(title, sentence));
  }
}
