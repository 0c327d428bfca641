package io.baton.stages;

import org.jspecify.annotations.Nullable;

/**
 * The tokenizer library cannot be loaded on this machine, whatever the model; the message is one
 * sentence that says why, and what to do about it.
 */
public final class TokenizerLibraryException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  TokenizerLibraryException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
