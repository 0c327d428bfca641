package io.baton.client.session;

import io.baton.session.model.Digest;
import io.baton.session.route.RouteConfig;
import java.time.Duration;

/**
 * How a session runs.
 *
 * @param modelId the model whose stages make the chain
 * @param route layers, length, pushing, patience
 * @param algorithm of the session's digests
 * @param lease how long relays keep the session without a word from this client
 */
public record SessionOptions(
    String modelId, RouteConfig route, Digest.Algorithm algorithm, Duration lease) {

  public static SessionOptions of(String modelId, RouteConfig route) {
    return new SessionOptions(modelId, route, Digest.Algorithm.SHA256, Duration.ofSeconds(30));
  }

  /** Whether another relay, where there is one, stands by for each stage; none does otherwise. */
  public SessionOptions withStandby(boolean standby) {
    return new SessionOptions(modelId, route.withStandby(standby), algorithm, lease);
  }

  public SessionOptions withAlgorithm(Digest.Algorithm algorithm) {
    return new SessionOptions(modelId, route, algorithm, lease);
  }

  public SessionOptions withLease(Duration lease) {
    return new SessionOptions(modelId, route, algorithm, lease);
  }
}
