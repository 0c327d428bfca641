package io.baton.simulations.world;

/**
 * How long a stage takes for a step: so much for the step and so much for each token; a step of
 * more than one token counts as prefill.
 */
public record ComputeProfile(
    long stepNanos, long tokenNanos, long prefillStepNanos, long prefillTokenNanos) {

  public static ComputeProfile ofToken(long nanos) {
    return new ComputeProfile(0, nanos, 0, nanos);
  }

  public long nanos(int tokens) {
    return tokens <= 1
        ? stepNanos + tokens * tokenNanos
        : prefillStepNanos + tokens * prefillTokenNanos;
  }
}
