package io.baton.simulations.study;

import java.util.List;

/**
 * What is studied.
 *
 * @param strikeCopies whether copies can kill a standby, see {@link FailureModel}
 * @param failureRates in ascending order, 0 among them
 * @param strategies in the order in which they are shown
 * @param repeats sessions for each strategy and failure rate
 */
public record StudyInputs(
    Chain chain,
    Workload workload,
    boolean strikeCopies,
    List<Double> failureRates,
    List<Strategy> strategies,
    int repeats,
    long seed) {

  public StudyInputs {
    failureRates = List.copyOf(failureRates);
    strategies = List.copyOf(strategies);
    if (failureRates.isEmpty() || strategies.isEmpty() || repeats < 1) {
      throw new IllegalArgumentException("nothing to study");
    }
  }

  /**
   * Makes a study of what a person said.
   *
   * @throws BadInputException if something of it cannot be
   */
  public static StudyInputs of(GivenInputs given) throws BadInputException {
    return new InputReader(given).read();
  }
}
