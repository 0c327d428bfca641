package io.baton.benchmarks;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What was measured of one contender; not a number where it is not known.
 *
 * @param p50Micros and {@code p99Micros}: from when a message is sent to when it has been received
 * @param perSecond messages, from the first one's sending to the last one's receipt
 * @param cpuMicros of processors that all its processes used, a message
 * @param copiedBytes a message, see {@link io.baton.transport.CopiedBytes}
 * @param allocatedBytes on the heaps of all its processes, a message
 */
public record Measured(
    double p50Micros,
    double p99Micros,
    double perSecond,
    double cpuMicros,
    double copiedBytes,
    double allocatedBytes) {

  /** The median of each figure by itself. */
  static Measured median(List<Measured> rounds) {
    return new Measured(
        median(rounds, Measured::p50Micros),
        median(rounds, Measured::p99Micros),
        median(rounds, Measured::perSecond),
        median(rounds, Measured::cpuMicros),
        median(rounds, Measured::copiedBytes),
        median(rounds, Measured::allocatedBytes));
  }

  private static double median(List<Measured> rounds, ToDoubleFunction<Measured> figure) {
    double[] sorted = rounds.stream().mapToDouble(figure).sorted().toArray();
    int middle = sorted.length / 2;
    if (sorted.length == 0) {
      return Double.NaN;
    }
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /** Of bodies of so many bytes. */
  public double gibPerSecond(int bytes) {
    return perSecond * bytes / (1L << 30);
  }
}
