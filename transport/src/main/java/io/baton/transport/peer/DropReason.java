package io.baton.transport.peer;

/** Why something that arrived was dropped. */
public enum DropReason {
  /** It breaks the protocol; the stream is ended. */
  MALFORMED,
  /** Its bytes do not have the digest that the sender announced. */
  DIGEST_MISMATCH,
  /** Its bytes were to be had from the sender's pool, and are not there, or no longer. */
  STALE,
  /** The stream did not begin with a hello, or there is no common version. */
  REFUSED,
  /** Too many streams, or too many bytes on their way in. */
  NO_ROOM,
  /** The stream ended, or fell silent, in the middle of a payload. */
  CUT_OFF,
  /** The receiver threw an exception. */
  RECEIVER_FAILED
}
