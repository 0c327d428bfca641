package io.baton.simulations.study;

import java.time.Duration;
import java.util.Collections;
import java.util.List;

/**
 * The chain that is studied, in quantities that can be measured on one's own machines.
 *
 * @param speeds of the stages in their order
 * @param roundTrips between client and stages
 * @param bytesPerSecond that a connection carries in one direction
 * @param activationBytes of one token between two stages
 * @param replacement from a machine's death until another one is found, and can be opened
 * @param mergeTokens a replay carries up to this many tokens in one step
 */
public record Chain(
    List<StageSpeed> speeds,
    RoundTrips roundTrips,
    double bytesPerSecond,
    int activationBytes,
    Duration replacement,
    int mergeTokens) {

  /**
   * @throws IllegalArgumentException if there is no stage, or a quantity is not one
   */
  public Chain {
    speeds = List.copyOf(speeds);
    if (speeds.isEmpty() || roundTrips.stages() != speeds.size()) {
      throw new IllegalArgumentException(
          "%d stages, and round trips of %d".formatted(speeds.size(), roundTrips.stages()));
    }
    if (!(bytesPerSecond > 0) || activationBytes < 1 || mergeTokens < 1) {
      throw new IllegalArgumentException("bandwidth, activations and merging count from 1");
    }
    if (replacement.isNegative()) {
      throw new IllegalArgumentException("no replacement is there before it is needed");
    }
  }

  public int stages() {
    return speeds.size();
  }

  /** Time that a stage, counted from 1, takes for {@code tokens} behind {@code cached} others. */
  public long computeNanos(int stage, int tokens, int cached) {
    return speeds.get(stage - 1).nanos(tokens, cached);
  }

  /** Time that activations take from one party to another; number 0 is the client. */
  public long transferNanos(int from, int to, int tokens) {
    return roundTrips.oneWayNanos(from, to)
        + Math.round((double) tokens * activationBytes * 1e9 / bytesPerSecond);
  }

  public Chain withRoundTrips(RoundTrips other) {
    return new Chain(speeds, other, bytesPerSecond, activationBytes, replacement, mergeTokens);
  }

  /** All stages alike. */
  public Chain withSpeed(StageSpeed speed) {
    return new Chain(
        Collections.nCopies(stages(), speed),
        roundTrips,
        bytesPerSecond,
        activationBytes,
        replacement,
        mergeTokens);
  }

  public Chain withReplacement(Duration other) {
    return new Chain(speeds, roundTrips, bytesPerSecond, activationBytes, other, mergeTokens);
  }
}
