package io.baton.session.route;

/**
 * How a stage gets on with what its client waits for, as it says itself. Each word of it is a sign
 * of life; but only one that tells of fewer rows than any before is progress, and one that makes
 * none for too long is left, whatever it says.
 *
 * @param workLeft the fewest that it has told
 * @param sinceNanos when it told that
 * @param begunNanos when it first said anything
 */
record Advance(long workLeft, long sinceNanos, long begunNanos) {

  static final Advance NONE = new Advance(Long.MAX_VALUE, 0, 0);

  Advance heard(long told, long nowNanos) {
    // The most that can be said is less than nothing said.
    long left = Math.min(told, Long.MAX_VALUE - 1);
    if (workLeft == Long.MAX_VALUE) {
      return new Advance(left, nowNanos, nowNanos);
    }
    return left < workLeft ? new Advance(left, nowNanos, begunNanos) : this;
  }

  /**
   * How long it is waited for from now on, after it has been heard.
   *
   * @param silenceNanos for one that says nothing
   */
  long waitNanos(RouteConfig.Patience patience, long silenceNanos, long nowNanos) {
    return Math.min(
        silenceNanos,
        Math.min(
            sinceNanos - nowNanos + patience.stallNanos(),
            begunNanos - nowNanos + patience.longestNanos()));
  }

  /** Whether it has said that it works, and for too long has not got on. */
  boolean isStalled(RouteConfig.Patience patience, long nowNanos) {
    return workLeft != Long.MAX_VALUE && waitNanos(patience, patience.stepNanos(), nowNanos) <= 0;
  }
}
