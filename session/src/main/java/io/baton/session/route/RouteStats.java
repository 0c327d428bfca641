package io.baton.session.route;

import io.baton.session.model.Source;

/**
 * Counts of a session.
 *
 * @param stepsFromPeer steps that a stage after the first computed from a peer's push; replays do
 *     not count
 * @param stepsFromClient the same, computed from the client's payload
 * @param reroutes routes opened because a relay had failed
 * @param takeovers standbys that took a stage over
 * @param replayedTokens tokens that a stage was sent again, counted at each stage
 * @param standbyTokens tokens that standbys were sent by the client, to catch up
 * @param mismatches times that a stage had other bytes than the client vouches for
 */
public record RouteStats(
    long stepsFromPeer,
    long stepsFromClient,
    long reroutes,
    long takeovers,
    long replayedTokens,
    long standbyTokens,
    long mismatches) {

  public static final RouteStats ZERO = new RouteStats(0, 0, 0, 0, 0, 0, 0);

  RouteStats withStep(Source source) {
    int peer = source == Source.PEER ? 1 : 0;
    return plus(new RouteStats(peer, 1 - peer, 0, 0, 0, 0, 0));
  }

  RouteStats withReroute() {
    return plus(new RouteStats(0, 0, 1, 0, 0, 0, 0));
  }

  RouteStats withTakeover() {
    return plus(new RouteStats(0, 0, 0, 1, 0, 0, 0));
  }

  RouteStats withReplayed(int tokens) {
    return plus(new RouteStats(0, 0, 0, 0, tokens, 0, 0));
  }

  RouteStats withStandbyTokens(int tokens) {
    return plus(new RouteStats(0, 0, 0, 0, 0, tokens, 0));
  }

  RouteStats withMismatch() {
    return plus(new RouteStats(0, 0, 0, 0, 0, 0, 1));
  }

  public RouteStats plus(RouteStats other) {
    return new RouteStats(
        stepsFromPeer + other.stepsFromPeer,
        stepsFromClient + other.stepsFromClient,
        reroutes + other.reroutes,
        takeovers + other.takeovers,
        replayedTokens + other.replayedTokens,
        standbyTokens + other.standbyTokens,
        mismatches + other.mismatches);
  }
}
