package io.baton.session.model;

/** Why a relay refuses what a client asks of it, and what the client can do about it. */
public enum Refusal {
  /** No common protocol version. Never try again. */
  VERSION(Remedy.ELSEWHERE),
  /** The relay does not serve the stage, or its executor is not attached now. */
  STAGE_NOT_SERVED(Remedy.ELSEWHERE),
  /** The relay or its executor holds as many sessions as it can. */
  NO_ROOM(Remedy.ELSEWHERE),
  /** The relay is about to stop. */
  DRAINING(Remedy.ELSEWHERE),
  /** The step begins after the stage's length. */
  GAP(Remedy.RESYNCHRONISE),
  /** The step begins before the stage's length, which takes a newer epoch. */
  REWIND_NEEDS_EPOCH(Remedy.RESYNCHRONISE),
  /** The step has been answered so long ago that its answer is forgotten. */
  STEP_SETTLED(Remedy.RESYNCHRONISE),
  /** The epoch is older than the session's. */
  STALE_EPOCH(Remedy.RESYNCHRONISE),
  /** The step was confirmed with another digest, or for other tokens; the first stands. */
  CONFLICT(Remedy.RESYNCHRONISE),
  /** The step would exceed the session's maximum length. */
  TOO_LONG(Remedy.NEVER),
  /** The payload has another type, shape or side input than the stage takes. */
  BAD_TENSOR(Remedy.NEVER),
  /** The payload's bytes do not have the announced digest: they were damaged on their way. */
  BAD_DIGEST(Remedy.SAME_AGAIN),
  /** Too many steps are waiting at the stage. */
  TOO_MANY_STEPS(Remedy.RESYNCHRONISE),
  /** The executor could not compute the step. */
  STAGE_FAILED(Remedy.ELSEWHERE),
  /** No such session is open here: never opened, closed, expired, or lost with its executor. */
  NO_SESSION(Remedy.ELSEWHERE),
  /** The frame breaks the protocol. */
  MALFORMED(Remedy.ELSEWHERE);

  /** What a client does after a refusal. */
  public enum Remedy {
    /** Send the same step again, with its payload. */
    SAME_AGAIN,
    /** Announce a new epoch, learn the stage's length, and go on from there. */
    RESYNCHRONISE,
    /** Go on with another relay. */
    ELSEWHERE,
    /** Give the request up: no relay will take it. */
    NEVER
  }

  private final Remedy remedy;

  Refusal(Remedy remedy) {
    this.remedy = remedy;
  }

  public Remedy remedy() {
    return remedy;
  }
}
