package io.baton.simulations.study;

/**
 * How many steps a session takes that begins again at each failure.
 *
 * <p>Let a step go through with probability <i>q</i>, and let <i>E(k)</i> be the steps expected
 * until <i>k</i> in a row have gone through. To have <i>k</i> in a row one first needs <i>k - 1</i>
 * in a row and then one more step, which either goes through or sends the session back to its
 * beginning:
 *
 * <pre>
 *   E(k) = E(k-1) + 1 + (1 - q) E(k)    with E(0) = 0
 *   E(k) = (E(k-1) + 1) / q = q^-1 + q^-2 + ... + q^-k
 *   E(N) = (q^-N - 1) / (1 - q)         N where q = 1
 * </pre>
 *
 * <p>A struck step counts as a step. The number grows as <i>q<sup>-N</sup></i>: beyond some length
 * a session practically never ends.
 */
public final class RestartClosedForm {

  private RestartClosedForm() {}

  /**
   * Expected steps, struck ones included, until {@code tokens} steps in a row have gone through.
   *
   * @return infinity if it is beyond what a double can hold
   */
  public static double expectedSteps(FailureModel failures, int stages, int tokens) {
    double lost = failures.probability();
    if (lost == 0) {
      return tokens;
    }
    // By logarithms: 1 - q cancels for the small probabilities that are of interest.
    double logSurvival = FailureModel.transfersPerStep(stages) * Math.log1p(-lost);
    return Math.expm1(-tokens * logSurvival) / -Math.expm1(logSurvival);
  }
}
