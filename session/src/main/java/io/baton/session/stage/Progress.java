package io.baton.session.stage;

import io.baton.session.model.Payload;

/**
 * How far a step has come at a stage.
 *
 * <pre>
 * from \ to   AWAITING   READY   COMPUTING   DONE
 * AWAITING       -        yes        -         -      the payload arrives
 * READY          -         -        yes        -      the executor is free and all steps before are done
 * COMPUTING     yes        -         -        yes     the executor finishes; or a step before was rejected
 * DONE          yes        -         -         -      a step before was rejected
 * </pre>
 */
sealed interface Progress {

  /**
   * The client has confirmed a digest and the payload has not come.
   *
   * @param graceDeadlineNanos when to ask the client for it
   * @param asked whether the client has been asked
   */
  record Awaiting(long graceDeadlineNanos, boolean asked) implements Progress {}

  /** The payload waits for the executor. */
  record Ready(Payload input) implements Progress {}

  /** The executor works on it. */
  record Computing(long command) implements Progress {}

  /** The output is known. */
  record Done(Payload output, long stageNanos, long computeNanos) implements Progress {}
}
