package io.baton.client.sidecar;

import io.baton.session.exchange.Failure;
import org.jspecify.annotations.Nullable;

/** A sending or a receiving came to nothing; the reason says what a program can do about it. */
public final class SidecarException extends Exception {

  private static final long serialVersionUID = 1L;

  private final Failure.Reason reason;

  SidecarException(Failure.Reason reason, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  SidecarException(Failure.Reason reason, String message) {
    this(reason, message, null);
  }

  SidecarException(Failure failure) {
    this(failure.reason(), failure.message());
  }

  public Failure.Reason reason() {
    return reason;
  }
}
