package io.baton.transport.pinned;

import io.baton.session.exchange.Standing;

/** What a slot is taken for. */
public enum PoolUse {
  /** A sender fills it. */
  FILLING,
  /** It has arrived and nobody has received it. */
  UNCLAIMED,
  /** A reader holds it. */
  IN_USE,
  /** Everybody is done with it, and it is kept while nothing else wants the room. */
  HISTORY,
  /** A push in flight, which is shed first. */
  PUSH,
  /** Input or output of a stage executor. */
  COMMAND;

  /** What the slot of a chunk is taken for that stands so. */
  static PoolUse of(Standing standing) {
    return switch (standing) {
      case UNCLAIMED -> UNCLAIMED;
      case IN_USE -> IN_USE;
      case DONE -> HISTORY;
    };
  }
}
