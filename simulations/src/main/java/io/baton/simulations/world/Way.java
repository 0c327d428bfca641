package io.baton.simulations.world;

/** One direction between two nodes: a stream's, or that of pushes. */
final class Way {

  /** Until when the link is busy with the bytes of earlier messages. */
  long busyUntilNanos;

  /** When the latest message of a stream arrives. */
  long lastArrivalNanos;

  /** Messages sent. */
  long messages;

  /** A message of the stream was lost for good, and so are all after it. */
  boolean severed;
}
