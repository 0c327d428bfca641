package io.baton.proto.codec;

import io.baton.proto.v1.FailureReason;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.Failure.Reason;

/** Why sendings and receivings fail. */
public final class FailureCodec {

  /** Longer messages are cut when they are sent, and refused when they come. */
  public static final int MAX_MESSAGE_CHARS = 8192;

  private FailureCodec() {}

  public static io.baton.proto.v1.Failure toWire(Failure failure) {
    String message = failure.message();
    return io.baton.proto.v1.Failure.newBuilder()
        .setReason(toWire(failure.reason()))
        .setMessage(message.substring(0, Math.min(message.length(), MAX_MESSAGE_CHARS)))
        .build();
  }

  private static FailureReason toWire(Reason reason) {
    return switch (reason) {
      case DEADLINE_EXCEEDED -> FailureReason.FAILURE_REASON_DEADLINE_EXCEEDED;
      case RESOURCE_EXHAUSTED -> FailureReason.FAILURE_REASON_RESOURCE_EXHAUSTED;
      case GONE -> FailureReason.FAILURE_REASON_GONE;
      case ALREADY_EXISTS -> FailureReason.FAILURE_REASON_ALREADY_EXISTS;
      case INVALID_ARGUMENT -> FailureReason.FAILURE_REASON_INVALID_ARGUMENT;
      case FAILED_PRECONDITION -> FailureReason.FAILURE_REASON_FAILED_PRECONDITION;
      case UNAVAILABLE -> FailureReason.FAILURE_REASON_UNAVAILABLE;
      case CANCELLED -> FailureReason.FAILURE_REASON_CANCELLED;
      case CONFLICT -> FailureReason.FAILURE_REASON_CONFLICT;
    };
  }

  public static Failure fromWire(io.baton.proto.v1.Failure wire) throws MalformedFrameException {
    Reason reason = reason(wire.getReasonValue());
    String message = wire.getMessage();
    if (message.length() > MAX_MESSAGE_CHARS) {
      throw new MalformedFrameException(
          "message", "%d characters; at most %d".formatted(message.length(), MAX_MESSAGE_CHARS));
    }
    return new Failure(reason, Fields.printable(message));
  }

  /** What a person may be told, cut if it is too long. */
  public static String messageFromWire(String message) {
    return Fields.printable(message.substring(0, Math.min(message.length(), MAX_MESSAGE_CHARS)));
  }

  private static Reason reason(int number) throws MalformedFrameException {
    return switch (number) {
      case FailureReason.FAILURE_REASON_DEADLINE_EXCEEDED_VALUE -> Reason.DEADLINE_EXCEEDED;
      case FailureReason.FAILURE_REASON_RESOURCE_EXHAUSTED_VALUE -> Reason.RESOURCE_EXHAUSTED;
      case FailureReason.FAILURE_REASON_GONE_VALUE -> Reason.GONE;
      case FailureReason.FAILURE_REASON_ALREADY_EXISTS_VALUE -> Reason.ALREADY_EXISTS;
      case FailureReason.FAILURE_REASON_INVALID_ARGUMENT_VALUE -> Reason.INVALID_ARGUMENT;
      case FailureReason.FAILURE_REASON_FAILED_PRECONDITION_VALUE -> Reason.FAILED_PRECONDITION;
      case FailureReason.FAILURE_REASON_UNAVAILABLE_VALUE -> Reason.UNAVAILABLE;
      case FailureReason.FAILURE_REASON_CANCELLED_VALUE -> Reason.CANCELLED;
      case FailureReason.FAILURE_REASON_CONFLICT_VALUE -> Reason.CONFLICT;
      case FailureReason.FAILURE_REASON_UNSPECIFIED_VALUE ->
          throw new MalformedFrameException("reason", "missing");
      default -> throw new MalformedFrameException("reason", number + " is no known reason");
    };
  }
}
