package io.baton.benchmarks.node;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** How long messages took, each of them. Any thread may add. */
public final class Latencies {

  /** Of which no more are kept. */
  static final int MOST = 1 << 19;

  /**
   * What came of them.
   *
   * @param count of messages
   * @param p50 and {@code p99} in nanoseconds; 0 if there were none
   * @param last when the last one came
   */
  public record Summary(long count, long p50, long p99, long last) {}

  private long[] nanos = new long[1024];
  private int kept;
  private long count;
  private long last;
  private @Nullable IllegalStateException failure;

  synchronized void clear() {
    kept = 0;
    count = 0;
  }

  /** What came was not what was sent. */
  synchronized void fail(IllegalStateException wrong) {
    failure = wrong;
    notifyAll();
  }

  /** One has come that was sent then. */
  synchronized void add(long sent) {
    last = System.nanoTime();
    count++;
    if (kept == nanos.length && kept < MOST) {
      nanos = Arrays.copyOf(nanos, 2 * kept);
    }
    if (kept < nanos.length) {
      nanos[kept++] = last - sent;
    }
    notifyAll();
  }

  /**
   * Waits until so many have come.
   *
   * @throws IllegalStateException if they have not within that time, or were not as they were sent
   */
  synchronized Summary await(long expected, long timeoutNanos) throws InterruptedException {
    long deadline = System.nanoTime() + timeoutNanos;
    while (count < expected && failure == null) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        throw new IllegalStateException("%d of %d messages came".formatted(count, expected));
      }
      wait(left / 1_000_000 + 1);
    }
    if (failure != null) {
      throw failure;
    }
    return summary();
  }

  private Summary summary() {
    long[] sorted = Arrays.copyOf(nanos, kept);
    Arrays.sort(sorted);
    return new Summary(count, quantile(sorted, 0.5), quantile(sorted, 0.99), last);
  }

  private static long quantile(long[] sorted, double share) {
    return sorted.length == 0 ? 0 : sorted[Math.max(0, (int) Math.ceil(share * sorted.length) - 1)];
  }
}
