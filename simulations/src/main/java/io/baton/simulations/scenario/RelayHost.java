package io.baton.simulations.scenario;

import java.time.Duration;

/**
 * Where the relays of a real chain run.
 *
 * @param <E> what it may fail with
 */
public interface RelayHost<E extends Exception> {

  /** Ends a relay without giving it time for anything. */
  void kill(String relay) throws E, InterruptedException;

  /** Starts a relay anew at its address; returns when it can be reached. */
  void restart(String relay) throws E, InterruptedException;

  /** Lets a relay do nothing for a while, and returns at once. */
  void pause(String relay, Duration length) throws E, InterruptedException;
}
