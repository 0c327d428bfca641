package io.baton.transport.grpc;

import io.grpc.Server;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A server that listens. */
public final class BoundServer implements AutoCloseable {

  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(5);

  private final Server server;
  private final Endpoint endpoint;

  BoundServer(Server server, Endpoint endpoint) {
    this.server = server;
    this.endpoint = endpoint;
  }

  /** Where it listens, with the port that the system chose if that was left to it. */
  public Endpoint endpoint() {
    return endpoint;
  }

  /**
   * Takes no new call, gives those in progress until the grace is over, and then cuts them.
   *
   * @throws IllegalStateException if calls are still there 5 s after they were cut
   */
  public void close(Duration grace) {
    server.shutdown();
    try {
      if (!server.awaitTermination(grace.toNanos(), TimeUnit.NANOSECONDS)) {
        server.shutdownNow();
        if (!server.awaitTermination(STOP_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS)) {
          throw new IllegalStateException(endpoint + " did not stop within " + STOP_TIMEOUT);
        }
      }
    } catch (InterruptedException e) {
      server.shutdownNow();
      Thread.currentThread().interrupt();
    }
  }

  /** Cuts the calls that are in progress. */
  @Override
  public void close() {
    server.shutdownNow();
    close(Duration.ZERO);
  }
}
