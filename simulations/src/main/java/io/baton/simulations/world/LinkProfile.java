package io.baton.simulations.world;

/**
 * How one direction of a link behaves.
 *
 * @param latencyNanos of every message
 * @param jitterNanos at most this is added, uniformly drawn
 * @param bytesPerSecond how fast bytes enter the link, one message after the other; 0 for at once
 * @param loss the part of messages that vanish; on a stream, which repeats them, they come late
 * @param duplication the part of pushes that arrive twice
 * @param reordering the part of pushes that are held up and overtaken
 */
public record LinkProfile(
    long latencyNanos,
    long jitterNanos,
    long bytesPerSecond,
    double loss,
    double duplication,
    double reordering) {

  public LinkProfile {
    if (latencyNanos < 0 || jitterNanos < 0 || bytesPerSecond < 0) {
      throw new IllegalArgumentException(
          "latency %d, jitter %d and bandwidth %d must not be negative"
              .formatted(latencyNanos, jitterNanos, bytesPerSecond));
    }
    for (double rate : new double[] {loss, duplication, reordering}) {
      if (!(rate >= 0 && rate <= 1)) {
        throw new IllegalArgumentException("not a part of all messages: " + rate);
      }
    }
  }

  /** A link without faults and without limit to its bandwidth. */
  public static LinkProfile ofLatency(long latencyNanos) {
    return new LinkProfile(latencyNanos, 0, 0, 0, 0, 0);
  }

  public LinkProfile withBandwidth(long bytes) {
    return new LinkProfile(latencyNanos, jitterNanos, bytes, loss, duplication, reordering);
  }

  /** The same link without faults. */
  public LinkProfile calm() {
    return new LinkProfile(latencyNanos, jitterNanos, bytesPerSecond, 0, 0, 0);
  }

  /** Time that a message of so many bytes takes to enter the link. */
  long transmissionNanos(long bytes) {
    return bytesPerSecond == 0 ? 0 : (long) (bytes * (1e9 / bytesPerSecond));
  }
}
