package io.baton.session.route;

import io.baton.session.Transition;
import io.baton.session.model.PayloadOperations;
import io.baton.session.model.Refusal;
import java.util.List;

/**
 * A session at its client, which is the authority on what the session holds.
 *
 * <p>Every hop of the route is pumped by the same rule: it is sent whatever input the client knows
 * for it and it has not got. If a peer brings the very bytes, the client sends their digest;
 * otherwise the payload, naming as next peers the hops after it that lack the step too. In a
 * healthy chain that is one payload to the first stage and a digest to each other; for a
 * replacement, whose hops lack everything, it is a replay; for a stage that is back after a broken
 * connection, the few steps that it missed. A step never travels to a hop that has it: replayed
 * output is trimmed by not being asked for.
 *
 * <p>An answer counts only when its input digest is that of the bytes that the client got from the
 * stage before, and the chain's result only when all of them did. Anything that leaves the route in
 * doubt, a lost relay, a refusal, a mismatch, a rewind, raises the epoch: all hops are opened anew,
 * say what they hold, and the pump goes on from there.
 *
 * <p>{@link #step} is a pure function of its arguments.
 */
public final class RouteMachine {

  private final PayloadOperations operations;
  private final long jitterSeed;

  /**
   * @param jitterSeed spreads the retries of clients that lose the same relay; any number
   */
  public RouteMachine(PayloadOperations operations, long jitterSeed) {
    this.operations = operations;
    this.jitterSeed = jitterSeed;
  }

  /**
   * Handles one input.
   *
   * @param nowNanos the time on any clock that never goes back, the same for all calls of a session
   */
  public Transition<RouteState, RouteEffect> step(
      RouteState state, RouteInput input, long nowNanos) {
    if (state.phase() == RouteState.Phase.CLOSED) {
      return closed(state, input);
    }
    return new RouteTransition(state, operations, jitterSeed, nowNanos).run(input);
  }

  private static Transition<RouteState, RouteEffect> closed(RouteState state, RouteInput input) {
    List<RouteEffect> effects =
        input instanceof RouteInput.Submit submit
            ? List.of(
                new RouteEffect.Declined(
                    submit.request(), Refusal.NO_SESSION, "the session is closed"))
            : List.of();
    return new Transition<>(state, effects);
  }
}
