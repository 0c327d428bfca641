package io.baton.simulations.study;

import java.time.Duration;

/**
 * How fast a stage computes, as one can measure it on a machine.
 *
 * @param token one token, with an empty cache
 * @param cachedToken what each token that is already in the cache adds to that
 * @param prefillStart what many tokens at once cost, however few they are
 * @param prefillTokensPerSecond tokens computed at once, as of a prompt or of a replay
 */
public record StageSpeed(
    Duration token, Duration cachedToken, Duration prefillStart, double prefillTokensPerSecond) {

  /**
   * @throws IllegalArgumentException if a time is negative or the speed not positive
   */
  public StageSpeed {
    if (token.isNegative() || cachedToken.isNegative() || prefillStart.isNegative()) {
      throw new IllegalArgumentException("a stage takes no negative time");
    }
    if (!(prefillTokensPerSecond > 0)) {
      throw new IllegalArgumentException("a stage computes more than no tokens a second");
    }
  }

  /** Time to compute {@code tokens} at once behind {@code cached} others. */
  public long nanos(int tokens, int cached) {
    return tokens == 1
        ? token.toNanos() + cached * cachedToken.toNanos()
        : prefillStart.toNanos() + Math.round(tokens * 1e9 / prefillTokensPerSecond);
  }

  public StageSpeed withToken(Duration token) {
    return new StageSpeed(token, cachedToken, prefillStart, prefillTokensPerSecond);
  }
}
