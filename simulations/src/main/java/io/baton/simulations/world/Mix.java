package io.baton.simulations.world;

/** Mixing of longs: the finalizer of the SplitMix64 generator (Steele, Lea, Flood 2014). */
public final class Mix {

  /** The generator's step. */
  public static final long GOLDEN = 0x9e3779b97f4a7c15L;

  private Mix() {}

  static long mix(long seed) {
    return finish(seed + GOLDEN);
  }

  /** The number that the generator makes of its state. */
  public static long finish(long state) {
    long z = state;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  static long mix(long a, long b) {
    return mix(mix(a) * 31 + b);
  }
}
