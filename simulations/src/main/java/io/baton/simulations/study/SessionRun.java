package io.baton.simulations.study;

/**
 * What one simulated session came to.
 *
 * @param finished whether all of its tokens were there before the cap
 * @param nanos virtual time until then, or the cap
 * @param steps sent through the chain, those counted that came to nothing
 * @param failures machines that died
 * @param recoveries times that the session went on after a failure
 * @param takeovers those of them in which a standby took over
 * @param replayedTokens tokens computed again because of failures, counted at each stage
 * @param clientBytes of activations that the client sent
 * @param serverBytes of activations that stages sent, to each other and to the client
 */
public record SessionRun(
    boolean finished,
    long nanos,
    long steps,
    long failures,
    long recoveries,
    long takeovers,
    long replayedTokens,
    long clientBytes,
    long serverBytes) {}
