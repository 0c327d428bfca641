package io.baton.transport.stream;

/**
 * Where a lane stands.
 *
 * <pre>
 * CONNECTING -> READY       the peer has welcomed us
 * CONNECTING -> BACKOFF     it could not be reached, or refused
 * READY      -> BACKOFF     the connection broke
 * BACKOFF    -> CONNECTING  the delay is over
 * any        -> CLOSED      for good
 * </pre>
 */
public enum StreamState {
  /** Pushes wait, within bounds. */
  CONNECTING,
  READY,
  /** Pushes are shed. */
  BACKOFF,
  CLOSED
}
