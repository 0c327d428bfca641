package io.baton.transport.lane;

import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.session.model.StageRole;
import java.util.Optional;

/**
 * The way to one other relay. Pushes are fire-and-forget: one that is accepted may still be lost,
 * is never sent twice, and overtakes no other. Any thread may call; none is ever made to wait.
 */
public interface Lane extends AutoCloseable {

  /** How the bytes of payloads travel on the connection that there is; the next may be another. */
  LaneKind kind();

  /**
   * Sends a push.
   *
   * @param receiver the part that the receiving stage takes: what is for a standby is shed while
   *     most of the lane is still free for what is not
   * @return false if it was shed: the lane is full, has no connection, or the payload is too large
   *     for it. The client's own path will bring what it carried
   */
  boolean push(Push push, StageRole receiver);

  LaneState state();

  LaneStats stats();

  /** Who answered at the other end, the last time that somebody did. */
  Optional<RelayId> remote();

  /** Why the last attempt or connection failed, in words. */
  Optional<String> lastFailure();

  /**
   * Why bytes go by a slower way than they might, in words; empty if nothing is known to be wrong.
   */
  Optional<String> trouble();

  /** Drops what has not been sent and lets go of everything. Idempotent; does not wait. */
  @Override
  void close();
}
