package io.baton.benchmarks;

import java.util.Arrays;

/** How long a message and an answer of the same size take together. */
public record RoundTrip(double p50Nanos, double p99Nanos) {

  static RoundTrip of(long[] nanos) {
    long[] sorted = nanos.clone();
    Arrays.sort(sorted);
    return new RoundTrip(sorted[sorted.length / 2], sorted[sorted.length * 99 / 100]);
  }
}
