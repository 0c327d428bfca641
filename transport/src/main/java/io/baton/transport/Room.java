package io.baton.transport;

/** Where an amount is taken from, and given back to. Any thread may use it; none ever waits. */
public interface Room {

  /** Takes the amount, or nothing if more than that share of the whole would then be in use. */
  boolean tryTake(long amount, Share share);

  /** Takes the amount, or nothing and answers false. */
  default boolean tryTake(long amount) {
    return tryTake(amount, Share.ALL);
  }

  /**
   * Returns what was taken.
   *
   * @throws IllegalStateException if more comes back than was taken
   */
  void giveBack(long amount);
}
