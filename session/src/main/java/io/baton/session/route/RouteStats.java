package io.baton.session.route;

/**
 * Counts of a session.
 *
 * @param stepsFromPeer steps that a stage after the first computed from a peer's push; replays do
 *     not count
 * @param stepsFromClient the same, computed from the client's payload
 * @param reroutes routes opened because a relay had failed
 * @param replayedTokens tokens that a stage was sent again, counted at each stage
 * @param mismatches times that a stage had other bytes than the client vouches for
 */
public record RouteStats(
    long stepsFromPeer, long stepsFromClient, long reroutes, long replayedTokens, long mismatches) {

  static final RouteStats ZERO = new RouteStats(0, 0, 0, 0, 0);

  RouteStats plus(RouteStats other) {
    return new RouteStats(
        stepsFromPeer + other.stepsFromPeer,
        stepsFromClient + other.stepsFromClient,
        reroutes + other.reroutes,
        replayedTokens + other.replayedTokens,
        mismatches + other.mismatches);
  }
}
