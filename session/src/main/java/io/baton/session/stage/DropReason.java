package io.baton.session.stage;

/** Why a push was not used. Nothing is lost by it: the client's path brings the same step. */
public enum DropReason {
  /** No such session is open here. */
  UNKNOWN_SESSION,
  /** The ticket is not the one that was issued for the session. */
  BAD_TICKET,
  /** The sender is not the relay before this one on the route. */
  NOT_PREVIOUS,
  /** Of an epoch that is over. */
  STALE_EPOCH,
  /** The tensor is not what the stage takes, or it does not fit the session's maximum length. */
  BAD_TENSOR,
  /** The same step has arrived already, with the same digest. */
  DUPLICATE,
  /** The same step has arrived already, from the same side, with another digest. */
  CONTRADICTS_EARLIER,
  /** Tokens that the stage already has under another step. */
  OVERLAP,
  /** Too far ahead of the client's confirmation. */
  SPECULATION_LIMIT,
  /** No room to keep a push that came early. */
  PARKING_FULL,
  /** The relay's sessions hold as much as they may. */
  NO_ROOM,
  /** As many pushes wait for the session as may. */
  PUSH_SHARE_FULL,
  /** The executor could not compute it, and the client has not vouched for it. */
  COMPUTE_FAILED
}
