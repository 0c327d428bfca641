package io.baton.transport.stream;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before trying again: twice as long after each failure, within bounds, and
 * shortened at random so that the peers of a relay that comes back do not all come at once.
 *
 * @param jitter the part of each delay that is random, 0 to 1
 */
public record Backoff(Duration first, Duration max, double jitter) {

  public static final Backoff DEFAULT =
      new Backoff(Duration.ofMillis(50), Duration.ofSeconds(5), 0.5);

  private static final int MAX_DOUBLINGS = 30;

  /**
   * @throws IllegalArgumentException if the first delay is not positive or longer than the longest
   */
  public Backoff {
    if (!first.isPositive() || first.compareTo(max) > 0 || !(jitter >= 0 && jitter <= 1)) {
      throw new IllegalArgumentException(
          "backoff from %s to %s with jitter %s".formatted(first, max, jitter));
    }
  }

  /**
   * The delay after so many failures in a row.
   *
   * @param failures at least 1
   */
  public Duration after(int failures, RandomGenerator random) {
    int doublings = Math.clamp(failures - 1, 0, MAX_DOUBLINGS);
    long longest = max.toNanos();
    long delay = first.toNanos() > longest >> doublings ? longest : first.toNanos() << doublings;
    return Duration.ofNanos(delay - (long) (delay * jitter * random.nextDouble()));
  }
}
