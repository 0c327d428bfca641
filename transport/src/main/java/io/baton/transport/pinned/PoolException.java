package io.baton.transport.pinned;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A pool cannot be made or mapped; the message says why, and what to do about it. */
public final class PoolException extends IOException {

  private static final long serialVersionUID = 1L;

  /** What is in the way. */
  public enum Reason {
    /** The directory has less room than the pool needs. */
    NO_ROOM_IN_SHARED_MEMORY,
    /** This user may not. */
    NOT_PERMITTED,
    /** This machine, its file system or this JVM's settings cannot do it. */
    NOT_SUPPORTED,
    /** The file is no pool of this version, or does not agree with itself. */
    DAMAGED,
    /** The pool was closed, or its relay started anew. */
    GONE,
    /** The system refused for a reason that is not foreseen. */
    FAILED
  }

  private final Reason reason;

  PoolException(Reason reason, String message) {
    this(reason, message, null);
  }

  PoolException(Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
