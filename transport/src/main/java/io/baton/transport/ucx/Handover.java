package io.baton.transport.ucx;

/** What became of a message that was given to a connection. */
public enum Handover {
  /** It is sent, and its completion will be told. */
  ACCEPTED,
  /** Too many are under way; when one of them is done there is room again. */
  FULL,
  /** The connection is closed or lost. */
  CLOSED
}
