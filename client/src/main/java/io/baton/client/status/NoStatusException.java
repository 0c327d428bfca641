package io.baton.client.status;

/** A relay has not told its status; the message says in one sentence which, and why. */
public final class NoStatusException extends Exception {

  private static final long serialVersionUID = 1L;

  NoStatusException(String message, Throwable cause) {
    super(message, cause);
  }

  NoStatusException(String message) {
    super(message);
  }
}
