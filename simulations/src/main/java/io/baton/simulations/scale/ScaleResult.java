package io.baton.simulations.scale;

/**
 * What a run of a fleet has shown.
 *
 * @param events inputs given to the protocol's machines
 * @param wallNanos of real time
 * @param virtualNanos of simulated time
 * @param liveBytes of the heap, after a collection while all sessions are open
 * @param finished sessions that got all their tokens, every one of them right
 * @param died clients that died on their way
 * @param crashes of relays
 * @param struck sessions that were open on a relay when it crashed, counted at each crash
 * @param reroutes routes opened because a relay had failed
 * @param relaysChanged relays that came new into a route by these
 * @param takeovers of them, those that had stood by
 * @param replayedTokens tokens replayed to a stage
 * @param wholeRoutesTokens what would have been replayed if each re-route had begun at the first
 *     stage
 * @param peakOrphans the most sessions at relays whose clients were no longer concerned with them
 * @param orphanSecondsMax the longest that one such session stayed, rounded up
 * @param left sessions at relays at the end, once the leases were over
 */
public record ScaleResult(
    ScaleConfig config,
    long events,
    long wallNanos,
    long virtualNanos,
    long liveBytes,
    long finished,
    long died,
    long crashes,
    long struck,
    long reroutes,
    long relaysChanged,
    long takeovers,
    long replayedTokens,
    long wholeRoutesTokens,
    long peakOrphans,
    long orphanSecondsMax,
    long left) {

  public double eventsPerSecond() {
    return events * 1e9 / wallNanos;
  }

  /** Relays that a re-route brought into the route: 1 if nothing but the lost one is replaced. */
  public double relaysChangedAReroute() {
    return reroutes == 0 ? 0 : (double) relaysChanged / reroutes;
  }

  /** Re-routes for each session on a relay that crashed: 1 if nobody else is disturbed. */
  public double reroutesAStruckSession() {
    return struck == 0 ? 0 : (double) reroutes / struck;
  }

  public double liveBytesASession() {
    return (double) liveBytes / config.sessions();
  }
}
