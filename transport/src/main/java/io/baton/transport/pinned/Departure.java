package io.baton.transport.pinned;

/** Why an index let go of a chunk by itself. */
public enum Departure {
  /** Nobody asked for it in time. */
  UNCLAIMED,
  /** It was history, and old. */
  AGED,
  /** It was history, and the least worth keeping when there was no room. */
  EVICTED
}
