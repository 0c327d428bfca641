package io.baton.simulations.world;

import io.baton.session.route.RouteConfig;

/**
 * A client with one session.
 *
 * @param thinkNanos between an answer and the next request
 * @param retryNanos before a request is made again that found no route
 * @param leaseNanos a third of it passes between two heartbeats
 */
public record ClientConfig(
    String name,
    RouteConfig route,
    Application application,
    long thinkNanos,
    long retryNanos,
    long leaseNanos) {

  private static final long SECOND = 1_000_000_000L;

  public static ClientConfig of(String name, RouteConfig route, Application application) {
    return new ClientConfig(name, route, application, 0, SECOND, 30 * SECOND);
  }

  public ClientConfig withThinking(long nanos) {
    return new ClientConfig(name, route, application, nanos, retryNanos, leaseNanos);
  }

  public ClientConfig withRetry(long nanos) {
    return new ClientConfig(name, route, application, thinkNanos, nanos, leaseNanos);
  }

  public ClientConfig withLease(long nanos) {
    return new ClientConfig(name, route, application, thinkNanos, retryNanos, nanos);
  }
}
