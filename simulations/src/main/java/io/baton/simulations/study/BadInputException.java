package io.baton.simulations.study;

/**
 * An input that cannot be studied; the message is one sentence that names it and says what would
 * do.
 */
public final class BadInputException extends Exception {

  private static final long serialVersionUID = 1L;

  public BadInputException(String message) {
    super(message);
  }

  public BadInputException(String message, Throwable cause) {
    super(message, cause);
  }
}
