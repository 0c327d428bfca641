package io.baton.simulations.world;

/**
 * How long a stage takes for a step: so much for the step and so much for each token; a step of
 * more than one token counts as prefill.
 *
 * @param cachedTokenNanos added for each token that the session holds already, unless it is prefill
 */
public record ComputeProfile(
    long stepNanos,
    long tokenNanos,
    long prefillStepNanos,
    long prefillTokenNanos,
    long cachedTokenNanos) {

  public ComputeProfile(
      long stepNanos, long tokenNanos, long prefillStepNanos, long prefillTokenNanos) {
    this(stepNanos, tokenNanos, prefillStepNanos, prefillTokenNanos, 0);
  }

  public static ComputeProfile ofToken(long nanos) {
    return new ComputeProfile(0, nanos, 0, nanos);
  }

  /** Time for {@code tokens} behind {@code cached} others. */
  public long nanos(int tokens, int cached) {
    return tokens <= 1
        ? stepNanos + tokens * (tokenNanos + cached * cachedTokenNanos)
        : prefillStepNanos + tokens * prefillTokenNanos;
  }
}
