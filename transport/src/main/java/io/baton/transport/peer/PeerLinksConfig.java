package io.baton.transport.peer;

import java.time.Duration;

/**
 * Bounds on the links that a relay keeps.
 *
 * @param maxLinks peers with a kept connection at any time
 * @param idleTimeout after which a link that nothing was pushed into is closed
 * @param evictAfter after which a link may be closed early, to make room for another peer's
 */
public record PeerLinksConfig(int maxLinks, Duration idleTimeout, Duration evictAfter) {

  public static final PeerLinksConfig DEFAULT =
      new PeerLinksConfig(256, Duration.ofMinutes(10), Duration.ofSeconds(10));

  /**
   * @throws IllegalArgumentException if there would be no link, or a time is not positive
   */
  public PeerLinksConfig {
    if (maxLinks < 1 || !idleTimeout.isPositive() || evictAfter.isNegative()) {
      throw new IllegalArgumentException(
          "%d links, idle %s, evicted %s".formatted(maxLinks, idleTimeout, evictAfter));
    }
  }
}
