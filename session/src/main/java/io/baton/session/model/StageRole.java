package io.baton.session.model;

/** What part a relay takes in a session. */
public enum StageRole {
  /** Computes a stage of the route, answers with its outputs and pushes them on. */
  ACTIVE,
  /**
   * Absorbs what an active relay of the same stage gets, and keeps its outputs to itself, so that
   * it can take over without a replay.
   */
  STANDBY
}
