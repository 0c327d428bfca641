package io.baton.transport.ucx;

/** Why the body of a message that arrived went nowhere. */
public enum DropReason {
  /** The receiver refused it. */
  REFUSED,
  /** The receiver threw an exception. */
  RECEIVER_FAILED,
  /** The receiver's landing is not native memory of the body's size. */
  BAD_LANDING,
  /** As many bodies as are allowed are on their way in. */
  TOO_MANY,
  /** It was on its way in when its sender was lost or the engine closed. */
  CUT_OFF
}
