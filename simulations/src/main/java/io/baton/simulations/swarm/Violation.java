package io.baton.simulations.swarm;

import java.util.function.Supplier;

/** Something that must not be. */
public final class Violation extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** What has been broken. A shrunk run must break the same. */
  public enum Kind {
    /** Accepted tokens are not those of a run without failures. */
    TOKENS,
    /** A stage holds more tokens than the session. */
    LENGTH,
    /** A step has been answered differently, or again without being asked for. */
    ANSWERS,
    /** A relay is blamed for other bytes than it has computed, and has pushed none. */
    BLAME,
    /** A queue is longer than it may be. */
    BOUNDS,
    /** Somebody waits, and no timer will wake him. */
    TIMER,
    /** A machine, or what carries its effects out, threw an exception. */
    EXCEPTION,
    /** A session did not end although nothing hinders it any more. */
    STUCK,
    /** More happens than can be explained. */
    ENDLESS,
    /** Something is left although every session has ended. */
    LEFT_OVER
  }

  private final Kind kind;

  public Violation(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  Violation(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  public Kind kind() {
    return kind;
  }

  static void require(boolean condition, Kind kind, Supplier<String> message) {
    if (!condition) {
      throw new Violation(kind, message.get());
    }
  }
}
