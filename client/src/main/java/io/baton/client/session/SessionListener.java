package io.baton.client.session;

import io.baton.session.model.Digest;
import io.baton.session.model.RelayId;
import io.baton.session.model.StepId;
import io.baton.session.route.Candidate;
import java.util.List;

/**
 * Hears what happens to a session's route. Called on the session's threads: must be short and must
 * not block.
 */
public interface SessionListener {

  SessionListener NONE = new SessionListener() {};

  /**
   * All stages of a route are open.
   *
   * @param cause why this route was opened, for a person
   */
  default void onRoute(long epoch, List<Candidate> route, String cause) {}

  /**
   * A relay stands by for a stage of the route from now on; told again at each new epoch.
   *
   * @param length tokens of the session that it holds; it is sent what it lacks
   */
  default void onStandbyReady(Candidate standby, int length) {}

  /**
   * A relay stands by no more, and the route goes on as it is. One that takes a stage over is on
   * the next route instead.
   *
   * @param cause for a person
   */
  default void onStandbyLost(Candidate standby, String cause) {}

  /** A stage had other bytes than the client vouches for. */
  default void onMismatch(
      RelayId stage, StepId step, Digest client, Digest other, RelayId blamed) {}

  /**
   * A stage has answered.
   *
   * @param stageNanos from the input's arrival at the stage to the output
   * @param computeNanos the part of it spent in the executor
   */
  default void onAnswer(RelayId stage, StepId step, long stageNanos, long computeNanos) {}
}
