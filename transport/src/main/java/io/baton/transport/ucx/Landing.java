package io.baton.transport.ucx;

import java.lang.foreign.MemorySegment;

/** Where the body of an arriving message goes. */
public sealed interface Landing {

  /** Nowhere: the message is let go, and the sender is told nothing. */
  Landing REFUSED = new Refused();

  /**
   * Into memory of the receiver's.
   *
   * @param at native memory of exactly the body's size. Belongs to the engine until {@code done} is
   *     told
   * @param done told when the bytes are there, or will not come
   */
  record Into(MemorySegment at, Completion done) implements Landing {}

  record Refused() implements Landing {}
}
