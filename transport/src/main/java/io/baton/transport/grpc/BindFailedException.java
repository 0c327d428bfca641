package io.baton.transport.grpc;

import java.io.IOException;

/**
 * A server cannot listen where it should; the message says where and why, for a person to act on.
 */
public final class BindFailedException extends IOException {

  private static final long serialVersionUID = 1L;

  /** What is in the way. */
  public enum Reason {
    IN_USE("is in use"),
    NOT_PERMITTED("may not be bound by this user"),
    NOT_HERE("is no address of this host"),
    UNKNOWN_HOST("names no host that can be found"),
    NO_SOCKET("exists and is no socket"),
    OTHER("cannot be bound");

    private final String text;

    Reason(String text) {
      this.text = text;
    }
  }

  private final Reason reason;

  BindFailedException(Endpoint endpoint, Reason reason, Throwable cause) {
    super(message(endpoint, reason, cause), cause);
    this.reason = reason;
  }

  BindFailedException(Endpoint endpoint, Reason reason) {
    super(endpoint + " " + reason.text);
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }

  private static String message(Endpoint endpoint, Reason reason, Throwable cause) {
    String message = endpoint + " " + reason.text;
    return reason == Reason.OTHER ? message + ": " + cause.getMessage() : message;
  }
}
