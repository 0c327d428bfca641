package io.baton.transport.grpc;

import io.grpc.Status;
import java.io.FileNotFoundException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;

/** What a gRPC status means, for a person. */
public final class StatusText {

  private StatusText() {}

  /** A few words: why the other end could not be reached, or what it said. */
  public static String of(Status status) {
    if (status.getCode() == Status.Code.UNAVAILABLE && status.getCause() != null) {
      return "cannot be reached: " + reason(status.getCause());
    }
    String said = status.getDescription();
    if (said == null) {
      return status.getCode().name();
    }
    // gRPC's words for an end that nobody announced.
    return said.startsWith("RST_STREAM") || said.startsWith("Network closed")
        ? "the connection broke"
        : firstLine(said);
  }

  /** What follows it, gRPC adds for whoever looks for a fault in gRPC. */
  private static String firstLine(String text) {
    return text.lines().findFirst().orElse(text);
  }

  /** The system's own words name its calls and error numbers. */
  private static String reason(Throwable cause) {
    String message = String.valueOf(cause.getMessage());
    return switch (cause) {
      case UnknownHostException _ -> "no such host";
      case ConnectException _ when message.contains("timed out") -> "no answer";
      case ConnectException _ -> "connection refused";
      case FileNotFoundException _ -> "no such socket";
      case NoRouteToHostException _ -> "no route to that host";
      default -> firstLine(message);
    };
  }
}
