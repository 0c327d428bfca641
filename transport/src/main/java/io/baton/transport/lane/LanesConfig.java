package io.baton.transport.lane;

import java.time.Duration;

/**
 * Bounds on the lanes that a relay keeps.
 *
 * @param maxLanes peers with a kept connection at any time
 * @param idleTimeout after which a lane that nothing was pushed into is closed
 * @param evictAfter after which a lane may be closed early, to make room for another peer's
 */
public record LanesConfig(int maxLanes, Duration idleTimeout, Duration evictAfter) {

  public static final LanesConfig DEFAULT =
      new LanesConfig(256, Duration.ofMinutes(10), Duration.ofSeconds(10));

  /**
   * @throws IllegalArgumentException if there would be no lane, or a time is not positive
   */
  public LanesConfig {
    if (maxLanes < 1 || !idleTimeout.isPositive() || evictAfter.isNegative()) {
      throw new IllegalArgumentException(
          "%d lanes, idle %s, evicted %s".formatted(maxLanes, idleTimeout, evictAfter));
    }
  }
}
