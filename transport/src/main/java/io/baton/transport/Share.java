package io.baton.transport;

import io.baton.session.model.StageRole;

/** How much of a bound something may fill, together with all that is there already. */
public enum Share {
  ALL,
  /**
   * What nobody waits for: it is shed while there still is ample room for what somebody does wait
   * for.
   */
  QUARTER;

  /** What a stage of that role is sent, or sends for. */
  public static Share of(StageRole role) {
    return switch (role) {
      case ACTIVE -> ALL;
      case STANDBY -> QUARTER;
    };
  }

  /** The share of a bound. */
  public long of(long bound) {
    return switch (this) {
      case ALL -> bound;
      case QUARTER -> bound / 4;
    };
  }
}
