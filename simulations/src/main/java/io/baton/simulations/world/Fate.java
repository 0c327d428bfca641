package io.baton.simulations.world;

/** What becomes of a message on its way. */
public enum Fate {
  DELIVER,
  /** It vanishes. */
  LOSE,
  /** It arrives twice. */
  DOUBLE,
  /** It is held up, and others overtake it. */
  DELAY,
  /**
   * Its payload arrives changed. A push comes with the digest of the changed bytes, as if its
   * sender had made them up; a client's or relay's message is refused for its wrong digest.
   */
  CORRUPT,
  /** The stream that it travels on breaks; a push vanishes. */
  BREAK
}
