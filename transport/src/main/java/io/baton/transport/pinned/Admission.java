package io.baton.transport.pinned;

/** Whether a pool has a slot for somebody now, and what is in the way if not. */
public enum Admission {
  ADMITTED,
  /** Larger than the whole pool: no waiting helps. */
  TOO_LARGE,
  /** Pushes would fill more than their share. */
  PUSH_SHARE_FULL,
  /** The holder would hold more than its share. */
  HOLDER_SHARE_FULL,
  /** No free block is large enough until history is let go, or something is released. */
  NO_ROOM,
  /** The pool is closed. */
  CLOSED
}
