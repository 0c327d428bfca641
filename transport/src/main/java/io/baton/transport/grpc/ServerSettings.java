package io.baton.transport.grpc;

import io.grpc.ServerCredentials;
import java.util.concurrent.Executor;

/**
 * How a server serves.
 *
 * @param executor runs the callbacks; {@code Runnable::run} runs them on an event loop, which
 *     spares a hop between threads and is right where they are short and never block
 * @param maxCallsPerConnection calls beyond this wait at the client
 */
public record ServerSettings(
    ServerCredentials credentials,
    Executor executor,
    int maxCallsPerConnection,
    KeepAlive keepAlive) {

  public static final int DEFAULT_MAX_CALLS = 1024;

  /**
   * @throws IllegalArgumentException if no call would be allowed
   */
  public ServerSettings {
    if (maxCallsPerConnection < 1) {
      throw new IllegalArgumentException(maxCallsPerConnection + " calls for each connection");
    }
  }

  /** Callbacks on the event loops; everything else by default. */
  public static ServerSettings direct(ServerCredentials credentials) {
    return new ServerSettings(credentials, Runnable::run, DEFAULT_MAX_CALLS, KeepAlive.DEFAULT);
  }
}
