package io.baton.session.model;

/** Where the input of a computation came from. */
public enum Source {
  CLIENT,
  PEER
}
