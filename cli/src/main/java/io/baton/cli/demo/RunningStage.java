package io.baton.cli.demo;

import io.baton.proto.codec.HostPort;

/** A relay with its executor, somewhere on this machine. */
interface RunningStage extends AutoCloseable {

  /** Name of the relay. */
  String name();

  HostPort address();

  /** Ends it without giving it time for anything. */
  void kill();

  /** Stops it in order. Idempotent, and a no-op after a kill. */
  @Override
  void close();
}
