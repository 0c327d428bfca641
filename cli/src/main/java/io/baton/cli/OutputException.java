package io.baton.cli;

import java.io.IOException;
import java.util.Locale;

/** What a command has to say cannot be written. */
public final class OutputException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final IOException reason;

  OutputException(IOException reason) {
    super("standard output cannot be written: " + reason.getMessage(), reason);
    this.reason = reason;
  }

  /** Whether whoever read it wants no more, as {@code head} does: no error of anybody. */
  boolean readerHasGone() {
    return readerHasGone(reason);
  }

  /** The system says it in words only. */
  static boolean readerHasGone(IOException reason) {
    String text = String.valueOf(reason.getMessage()).toLowerCase(Locale.ROOT);
    return text.contains("broken pipe") || text.contains("connection reset");
  }
}
