package io.baton.simulations.world;

import java.util.SplittableRandom;

/**
 * Randomness of one purpose. A draw is a function of the seed and of what it is for, so that what
 * is drawn for one thing does not depend on how much has been drawn for others.
 */
public record Draws(long seed) {

  /** Draws for one purpose of their own. */
  public Draws split(String purpose) {
    long hash = 0;
    for (int i = 0; i < purpose.length(); i++) {
      hash = hash * 31 + purpose.charAt(i);
    }
    return new Draws(Mix.mix(seed, hash));
  }

  /** Draws for one of many things that are numbered. */
  public Draws split(long number) {
    return new Draws(Mix.mix(seed + 1, number));
  }

  public long bits(long number) {
    return Mix.mix(seed, number);
  }

  public long bits(long number, long part) {
    return Mix.mix(Mix.mix(seed, number), part);
  }

  /** Uniform in {@code [0, 1)}. */
  public double fraction(long number, long part) {
    return (bits(number, part) >>> 11) * 0x1.0p-53;
  }

  /** A generator that begins here, for what is drawn one after the other. */
  public SplittableRandom generator() {
    return new SplittableRandom(seed);
  }
}
