package io.baton.transport.grpc;

/** An observer that may keep what it is given until it is told to send it. */
public interface Batching {

  /** Sends what it was given. */
  void flush();
}
