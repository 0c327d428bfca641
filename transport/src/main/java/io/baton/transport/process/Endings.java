package io.baton.transport.process;

import io.grpc.Status;

/** How streams end. */
final class Endings {

  private Endings() {}

  /** What is told of that cause, which is never told as good order. */
  static Status failure(Throwable cause) {
    Status status = Status.fromThrowable(cause);
    return status.isOk() ? Status.UNKNOWN.withDescription("failed as OK") : status;
  }
}
