package io.baton.transport.ucx;

/** There is no UCX here; the message says in one sentence why, and what would change that. */
public final class UcxUnavailableException extends Exception {

  private static final long serialVersionUID = 1L;

  UcxUnavailableException(String message) {
    super(message);
  }

  UcxUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
