package io.baton.benchmarks.node;

/**
 * What is moved.
 *
 * @param bytes of a message's body
 * @param inFlight messages that may be under way at a time
 * @param whole whether every byte is written and looked at, or only the ends
 */
public record Workload(int bytes, int inFlight, boolean whole) {

  /** No more are sent in one go, so that each one's time can be kept. */
  public static final int MOST_MESSAGES = Latencies.MOST;

  /**
   * @throws IllegalArgumentException if a body cannot hold what tells messages apart
   */
  public Workload {
    if (bytes < Message.MIN_BYTES || inFlight < 1) {
      throw new IllegalArgumentException("%d bytes, %d in flight".formatted(bytes, inFlight));
    }
  }
}
