package io.baton.simulations.study;

/** Is told what happens in a session; times are virtual, stages count from 1. */
public interface SessionTimeline {

  /** Listens to nothing. */
  SessionTimeline NONE = (_, _, _, _, _) -> {};

  /** What can be seen of a session. */
  enum Kind {
    /** A stage computes a step. */
    COMPUTE,
    /** A stage's output is on its way to the next stage. */
    PUSH,
    /** Activations are on their way between the client and a stage. */
    CLIENT,
    /** A stage computes again what a lost one had computed. */
    REPLAY,
    /** A standby computes what the stage beside it computes. */
    STANDBY,
    /** A stage has no machine that could serve it. */
    DOWN,
    /** A standby becomes the stage. */
    TAKEOVER,
    /** A machine dies. */
    DEATH,
    /** A token is there. */
    TOKEN
  }

  /**
   * Something that lasted from one time to another, or both the same for what takes no time.
   *
   * @param sender the party that sent what is on its way; otherwise the same as {@code party}
   * @param party where it happened, or arrives: the number of a stage, 0 for the client
   */
  void happened(Kind kind, int sender, int party, long fromNanos, long toNanos);
}
