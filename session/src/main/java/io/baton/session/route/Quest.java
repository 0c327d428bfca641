package io.baton.session.route;

/**
 * The search for a route while there is none. It ends after a time, not after a number of tries:
 * how often relays are asked says nothing about whether one will be there.
 *
 * @param sinceNanos when it began
 * @param retryAtNanos when to look again
 * @param searches that have been in vain
 * @param settled whether each relay has answered, or could not be reached, when they were last
 *     asked; one that has not may serve what is missing, and is waited for longer
 */
record Quest(long sinceNanos, long retryAtNanos, int searches, boolean settled) {

  static final Quest NONE = new Quest(0, 0, 0, true);

  static Quest begun(long nowNanos) {
    return new Quest(nowNanos, nowNanos, 0, false);
  }

  Quest again(long atNanos) {
    return new Quest(sinceNanos, atNanos, searches + 1, settled);
  }

  Quest answered(boolean byAll) {
    return new Quest(sinceNanos, retryAtNanos, searches, byAll);
  }

  /** Whether it has lasted as long as the session waits. */
  boolean isOver(RouteConfig.Patience patience, long nowNanos) {
    return nowNanos - endNanos(patience) >= 0;
  }

  long endNanos(RouteConfig.Patience patience) {
    return sinceNanos + (settled ? patience.searchNanos() : patience.silenceNanos());
  }
}
