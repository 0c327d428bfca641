package io.baton.simulations.study;

import java.time.Duration;

/**
 * What one session has to do.
 *
 * @param promptTokens computed in the first step
 * @param tokens steps: the first computes the prompt, each of the others one token
 * @param cap of virtual time; a session that has not ended by then has not finished
 */
public record Workload(int promptTokens, int tokens, Duration cap) {

  /**
   * @throws IllegalArgumentException if there is nothing to do or no time for it
   */
  public Workload {
    if (promptTokens < 1 || tokens < 1 || promptTokens + tokens < 1) {
      throw new IllegalArgumentException("a session has a prompt and a step at least");
    }
    if (!cap.isPositive()) {
      throw new IllegalArgumentException("a session takes time");
    }
  }

  /** Tokens that step {@code step}, counted from 0, adds. */
  public int added(int step) {
    return step == 0 ? promptTokens : 1;
  }

  /** Tokens before step {@code step}. */
  public int before(int step) {
    return step == 0 ? 0 : promptTokens + step - 1;
  }
}
