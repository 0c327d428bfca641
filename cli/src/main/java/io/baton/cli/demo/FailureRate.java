package io.baton.cli.demo;

import io.baton.cli.CommandException;
import io.baton.cli.ExitCode;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Failures that strike at random: each transfer of activations, of which a step through n stages
 * makes n + 1, kills with some probability the stage that receives it, and the last transfer, to
 * the client, the last stage.
 */
final class FailureRate {

  /** Without standbys each kill needs a spare, which is a process. */
  private static final int MAX_SPARES = 16;

  private FailureRate() {}

  /**
   * Draws the kills of a run.
   *
   * @param tokens that the run may have
   * @param standby whether a killed relay is started anew, so that no spares are needed
   * @throws CommandException if the rate is no probability, or there are more kills than can be had
   */
  static List<Kill> draw(int stages, int tokens, double rate, long seed, boolean standby)
      throws CommandException {
    if (!(rate >= 0 && rate < 1)) {
      throw new CommandException(
          ExitCode.USAGE, "--failure-rate takes a probability from 0 to below 1, not " + rate);
    }
    SplittableRandom random = new SplittableRandom(seed);
    List<Kill> kills = new ArrayList<>();
    for (int token = 0; token < tokens; token++) {
      for (int transfer = 1; transfer <= stages + 1; transfer++) {
        if (random.nextDouble() < rate) {
          kills.add(new Kill(Math.min(transfer, stages), token));
        }
      }
    }
    if (!standby && kills.size() > MAX_SPARES) {
      throw new CommandException(
          ExitCode.USAGE,
          "%d kills come of this rate and seed, and %d spares at most: add --standby, or take fewer tokens"
              .formatted(kills.size(), MAX_SPARES));
    }
    return List.copyOf(kills);
  }
}
