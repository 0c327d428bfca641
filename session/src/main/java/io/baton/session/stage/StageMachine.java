package io.baton.session.stage;

import io.baton.session.Transition;

/**
 * A session at a stage: which arrival to compute, what to tell the client, what to hand to the next
 * stage.
 *
 * <p>Two arrivals bring the input of a step, the peer's push and the client's step, in either
 * order. The stage computes the first that it gets and never waits for the second, which settles
 * the step: the same digest confirms it; with another digest <em>the client wins</em>, and whatever
 * was computed from the peer's input is rolled back. Only the client can settle tokens; a peer can
 * only make the stage compute early, within {@link StageConfig.Limits#speculation}.
 *
 * <p>An epoch is a version of the route. A newer one, announced by the client, fences everything
 * that is still under way from older ones. Computations that were done under an older epoch and not
 * confirmed are carried over: if the same input comes again for the same tokens, the step takes the
 * computation over instead of doing it again, so that a re-route costs a healthy stage nothing.
 *
 * <p>{@link #step} is a pure function: it reads no clock and keeps nothing. Its driver carries the
 * effects out and feeds what comes of them back as inputs, one at a time.
 */
public final class StageMachine {

  private StageMachine() {}

  /**
   * Handles one input.
   *
   * @param nowNanos the time on any clock that never goes back, the same for all calls of a session
   */
  public static Transition<StageState, StageEffect> step(
      StageState state, StageInput input, long nowNanos) {
    return new StageTransition(state, nowNanos).run(input);
  }
}
