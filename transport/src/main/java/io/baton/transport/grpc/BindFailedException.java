package io.baton.transport.grpc;

import java.io.IOException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A server cannot listen where it should; the message says where and why, for a person to act on.
 */
public final class BindFailedException extends IOException {

  private static final long serialVersionUID = 1L;

  private static final int MAX_CAUSES = 16;

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

  /** For what the system says. */
  public static BindFailedException of(Endpoint endpoint, IOException failure) {
    return new BindFailedException(endpoint, reasonOf(failure), failure);
  }

  public Reason reason() {
    return reason;
  }

  private static String message(Endpoint endpoint, Reason reason, Throwable cause) {
    String message = endpoint + " " + reason.text;
    return reason == Reason.OTHER ? message + ": " + cause.getMessage() : message;
  }

  /** The system says it in words only, however deep gRPC and netty have wrapped it. */
  private static Reason reasonOf(IOException failure) {
    @Nullable Throwable cause = failure;
    for (int depth = 0; cause != null && depth < MAX_CAUSES; depth++) {
      String text = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
      if (text.contains("already in use")) {
        return Reason.IN_USE;
      }
      if (text.contains("permission denied")) {
        return Reason.NOT_PERMITTED;
      }
      if (text.contains("cannot assign requested address")) {
        return Reason.NOT_HERE;
      }
      cause = cause.getCause();
    }
    return Reason.OTHER;
  }
}
