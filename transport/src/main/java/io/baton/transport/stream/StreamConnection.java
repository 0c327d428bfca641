package io.baton.transport.stream;

import io.baton.transport.Share;

/**
 * One connection of a {@link KeptStream}: what is offered here goes out on it, or not at all. Any
 * thread may call; none is made to wait.
 *
 * @param <Q> frames to the peer
 */
public interface StreamConnection<Q> {

  /** Sends the frame after all that was accepted before; false if there is no room, or it ended. */
  boolean offer(Q frame);

  /** The same, if no more than that share of what may wait would then be in use. */
  boolean offer(Q frame, Share share);

  /** Bytes that wait to be written. */
  long queuedBytes();

  /** Ends it; another is tried. Idempotent. */
  void end(String why);
}
