package io.baton.simulations.scale;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * How a cost grows with the number of sessions: the exponent {@code b} of {@code cost = a *
 * sessions^b} that fits best, by least squares on the logarithms. 1 is linear.
 */
public final class Growth {

  private Growth() {}

  /**
   * Fits the exponent.
   *
   * @param results of at least two different sizes
   */
  public static double exponent(List<ScaleResult> results, ToDoubleFunction<ScaleResult> cost) {
    double n = results.size();
    double sumX = 0;
    double sumY = 0;
    double sumXx = 0;
    double sumXy = 0;
    for (ScaleResult result : results) {
      double x = Math.log(result.config().sessions());
      double y = Math.log(cost.applyAsDouble(result));
      sumX += x;
      sumY += y;
      sumXx += x * x;
      sumXy += x * y;
    }
    return (n * sumXy - sumX * sumY) / (n * sumXx - sumX * sumX);
  }
}
