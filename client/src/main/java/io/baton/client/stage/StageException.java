package io.baton.client.stage;

/** A stage could not do what it was asked to; the message says what and why, in a sentence. */
public class StageException extends Exception {

  private static final long serialVersionUID = 1L;

  public StageException(String message) {
    super(message);
  }

  public StageException(String message, Throwable cause) {
    super(message, cause);
  }
}
