package io.baton.client.session;

/** Something a session could not do; its subclasses say whether to try again. */
public abstract class SessionException extends Exception {

  private static final long serialVersionUID = 1L;

  SessionException(String message) {
    super(message);
  }
}
