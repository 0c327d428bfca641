package io.baton.benchmarks.node;

/**
 * What a source has done.
 *
 * @param messages that it sent, and that were acknowledged
 * @param began the first, by {@link System#nanoTime}
 * @param ended when the last one was acknowledged, by the same
 */
public record Sent(long messages, long began, long ended) {

  /** All that were sent since then have been acknowledged now. */
  static Sent since(long began, long messages) {
    return new Sent(messages, began, System.nanoTime());
  }
}
