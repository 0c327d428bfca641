package io.baton.transport.peer;

import io.baton.proto.v1.PeerFrame;
import io.baton.transport.pinned.Slot;
import java.util.Optional;

/**
 * The sending end of a lane, on one connection. What it does not take goes on the connection's
 * stream. Any thread may call; none waits.
 */
interface Outlet extends AutoCloseable {

  /** Where bytes go just now. */
  enum Way {
    /** Nowhere: the peer reads them where they are. */
    SHARED,
    /** Out of a slot, beside the stream. */
    BESIDE,
    /** In frames of the stream. */
    FRAMED
  }

  Way way();

  /** Why bytes go by a slower way than this lane's, in words; empty if they do not. */
  default Optional<String> trouble() {
    return Optional.empty();
  }

  /** Sends a frame ahead of what waits in the stream, or answers false. */
  default boolean say(PeerFrame frame) {
    return false;
  }

  /** Sends a body, and keeps a reference to the slot until it is sent; or answers false. */
  default boolean carry(long number, Slot slot) {
    return false;
  }

  /** Does not begin to send that body any more. */
  default void drop(long number) {}

  /** Idempotent. */
  @Override
  default void close() {}
}
