package io.baton.client.session;

import io.baton.session.route.RouteFailure;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * No chain of relays could be had within the session's patience. The session holds what it held
 * before the step, and a later step looks for a route anew.
 */
public final class NoRouteException extends SessionException {

  private static final long serialVersionUID = 1L;

  private final transient List<RouteFailure.Tried> tried;

  NoRouteException(RouteFailure failure, List<String> unreachable) {
    super(message(failure, unreachable));
    this.tried = failure.tried();
  }

  /** The relays that failed and why each did, latest last. */
  public List<RouteFailure.Tried> tried() {
    return tried == null ? List.of() : tried;
  }

  private static String message(RouteFailure failure, List<String> unreachable) {
    String details =
        Stream.concat(
                failure.tried().stream().map(RouteFailure.Tried::toString), unreachable.stream())
            .distinct()
            .collect(Collectors.joining("; "));
    return details.isEmpty() ? failure.message() : failure.message() + ": " + details;
  }
}
