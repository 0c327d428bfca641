package io.baton.transport.grpc;

import io.grpc.Status;

/** What a gRPC status means, for a person. */
public final class StatusText {

  private StatusText() {}

  /** A few words: why the other end could not be reached, or what it said. */
  public static String of(Status status) {
    Throwable cause = status.getCause();
    if (status.getCode() == Status.Code.UNAVAILABLE
        && cause != null
        && cause.getMessage() != null) {
      return "cannot be reached: " + cause.getMessage();
    }
    return status.getDescription() == null ? status.getCode().name() : status.getDescription();
  }
}
