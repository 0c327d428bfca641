package io.baton.simulations.swarm;

import io.baton.simulations.world.Fate;
import java.util.SplittableRandom;

/**
 * How often messages of one kind meet each fate; what is left arrives.
 *
 * @param corrupt of messages with a payload
 * @param broken streams break at the message
 */
public record FaultRates(double lose, double twice, double delay, double corrupt, double broken) {

  public static final FaultRates NONE = new FaultRates(0, 0, 0, 0, 0);

  /** Most runs know few kinds of faults, so that each has a chance to show what it does alone. */
  static FaultRates draw(SplittableRandom random, double most) {
    return new FaultRates(
        rate(random, most),
        rate(random, most),
        rate(random, most),
        rate(random, most),
        rate(random, most / 4));
  }

  private static double rate(SplittableRandom random, double most) {
    return random.nextInt(3) == 0 ? most * random.nextDouble() : 0;
  }

  /** The fate that a uniform draw from {@code [0, 1)} stands for. */
  Fate fate(double drawn) {
    double left = drawn;
    if ((left -= lose) < 0) {
      return Fate.LOSE;
    }
    if ((left -= twice) < 0) {
      return Fate.DOUBLE;
    }
    if ((left -= delay) < 0) {
      return Fate.DELAY;
    }
    if ((left -= corrupt) < 0) {
      return Fate.CORRUPT;
    }
    return left - broken < 0 ? Fate.BREAK : Fate.DELIVER;
  }
}
