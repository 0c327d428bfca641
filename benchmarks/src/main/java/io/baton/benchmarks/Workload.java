package io.baton.benchmarks;

/**
 * What is moved in one measurement.
 *
 * @param bytes of a message's body
 * @param messages how many
 * @param window how many may be under way at a time; a round trip has one
 */
public record Workload(int bytes, int messages, int window) {

  double seconds(long nanos) {
    return nanos / 1e9;
  }

  /** Bytes a second, of all messages in this time. */
  double bandwidth(long nanos) {
    return (double) bytes * messages / seconds(nanos);
  }
}
