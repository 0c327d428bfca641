package io.baton.simulations.study;

import java.util.random.RandomGenerator;

/**
 * What a failure is, for every strategy alike: each activation transfer on a step's way kills its
 * receiver with the same probability, independently of all others. The receiver loses its memory
 * and what it was about to receive. The last transfer goes to the client, which does not fail: it
 * takes the last stage with it.
 *
 * <p>A step through <i>n</i> stages has <i>n + 1</i> such transfers: client to first stage, stage
 * to stage, last stage to client. One that goes by way of the client, in two messages, is one
 * transfer still. A replayed payload is a transfer too, whatever number of tokens it carries, and
 * kills the replacement that it was meant for. What a standby is sent beside the step's way,
 * digests and outputs that the client collects are none.
 *
 * @param probability of a failure at one transfer
 * @param copies whether what a standby is sent beside the step's way can kill it as well
 */
public record FailureModel(double probability, boolean copies) {

  /**
   * @throws IllegalArgumentException if the probability is not in {@code [0, 1)}
   */
  public FailureModel {
    if (!(probability >= 0 && probability < 1)) {
      throw new IllegalArgumentException("no probability of failure: " + probability);
    }
  }

  /** Copies kill nobody. */
  public FailureModel(double probability) {
    this(probability, false);
  }

  /** Activation transfers of one step. */
  public static int transfersPerStep(int stages) {
    return stages + 1;
  }

  /** The probability that a step through so many stages meets no failure. */
  public double stepSurvival(int stages) {
    return Math.pow(1 - probability, transfersPerStep(stages));
  }

  /** Draws whether a transfer is struck. */
  public boolean strikes(RandomGenerator random) {
    return probability > 0 && random.nextDouble() < probability;
  }
}
