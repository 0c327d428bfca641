package io.baton.cli.demo;

import io.baton.cli.CommandException;
import io.baton.proto.codec.HostPort;

/** A relay with its executor, somewhere on this machine. */
interface RunningStage extends AutoCloseable {

  /** Name of the relay. */
  String name();

  /**
   * Waits until it can be reached.
   *
   * @return where
   * @throws CommandException if it ends first, or takes too long
   */
  HostPort awaitReady() throws CommandException, InterruptedException;

  /** Ends it without giving it time for anything. */
  void kill();

  /** This process is told to end: nothing of the stage may outlive it. */
  void abandon();

  /** Asks it to stop, and does not wait. */
  void stop();

  /** Waits until it has stopped, and frees what is left of it, killed or not. Idempotent. */
  @Override
  void close();
}
