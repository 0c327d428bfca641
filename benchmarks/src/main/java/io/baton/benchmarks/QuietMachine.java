package io.baton.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Waits until nobody else uses the processors, so that what is measured is what is meant. */
final class QuietMachine {

  private static final Path STAT = Path.of("/proc/stat");
  private static final Duration WATCHED = Duration.ofMillis(150);
  private static final double IDLE_SHARE = 0.9;

  private final Duration patience;
  private int asked;
  private int busy;

  QuietMachine(Duration patience) {
    this.patience = patience;
  }

  /** Waits, but no longer than the patience lasts. */
  void await() throws IOException {
    long deadline = System.nanoTime() + patience.toNanos();
    asked++;
    while (idleShare() < IDLE_SHARE) {
      if (System.nanoTime() - deadline > 0) {
        busy++;
        return;
      }
    }
  }

  @Override
  public String toString() {
    return busy + " of " + asked + " measurements began on a busy machine";
  }

  private static double idleShare() throws IOException {
    long[] before = ticks();
    LockSupport.parkNanos(WATCHED.toNanos());
    long[] after = ticks();
    long all = Arrays.stream(after).sum() - Arrays.stream(before).sum();
    long idle = after[3] + after[4] - before[3] - before[4];
    return all == 0 ? 1 : (double) idle / all;
  }

  /** User, nice, system, idle, waiting and others, of all processors together. */
  private static long[] ticks() throws IOException {
    List<String> lines = Files.readAllLines(STAT);
    return Arrays.stream(lines.getFirst().split(" +", -1))
        .skip(1)
        .mapToLong(Long::parseLong)
        .toArray();
  }
}
