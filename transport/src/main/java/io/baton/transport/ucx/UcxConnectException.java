package io.baton.transport.ucx;

/** A connection cannot even be tried; the message says why. */
public final class UcxConnectException extends Exception {

  private static final long serialVersionUID = 1L;

  /** What is in the way. */
  public enum Reason {
    /** What was given is no address of an engine. */
    NOT_AN_ADDRESS,
    /** The engine has as many connections as it may have. */
    TOO_MANY,
    /** The engine is closed, or has failed. */
    ENGINE_ENDED
  }

  private final Reason reason;

  UcxConnectException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
