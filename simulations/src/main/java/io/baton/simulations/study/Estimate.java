package io.baton.simulations.study;

import org.apache.commons.statistics.distribution.TDistribution;

/**
 * A mean that was estimated from repeated runs, and the interval that holds the true one in 95 of
 * 100 studies.
 */
public record Estimate(double mean, double low, double high) {

  private static final double TAIL = 0.025;

  /** What does not vary. */
  static Estimate exactly(double value) {
    return new Estimate(value, value, value);
  }

  /**
   * The mean of independent values, with Student's interval. Values may be far from normal, as
   * times of sessions are that begin again and again; their mean is close to it for some dozens.
   */
  static Estimate ofMean(double[] values) {
    double mean = mean(values);
    double half = quantile(values.length) * standardError(values, mean);
    return new Estimate(mean, mean - half, mean + half);
  }

  /**
   * What all runs yielded over what they cost: the rate of someone who runs one session after
   * another. The mean of each run's own rate would be higher, because it counts a short run as much
   * as a long one.
   *
   * <p>The interval is the delta method's, of the logarithm, so that it stays above 0 and is not
   * symmetric where runs differ much.
   *
   * @param yields at least one of them positive
   * @param costs all positive
   */
  static Estimate ofRatio(double[] yields, double[] costs) {
    double ratio = mean(yields) / mean(costs);
    double[] residuals = new double[yields.length];
    for (int i = 0; i < residuals.length; i++) {
      residuals[i] = yields[i] - ratio * costs[i];
    }
    double relative = standardError(residuals, 0) / mean(yields);
    double factor = Math.exp(quantile(yields.length) * relative);
    return new Estimate(ratio, ratio / factor, ratio * factor);
  }

  public boolean contains(double value) {
    return low <= value && value <= high;
  }

  private static double mean(double[] values) {
    double sum = 0;
    for (double value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  private static double standardError(double[] values, double mean) {
    double squares = 0;
    for (double value : values) {
      squares += (value - mean) * (value - mean);
    }
    return values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1) / values.length);
  }

  /** Of one value alone nothing is known but itself. */
  private static double quantile(int values) {
    return values < 2 ? 0 : TDistribution.of(values - 1).inverseSurvivalProbability(TAIL);
  }
}
