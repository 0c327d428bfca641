package io.baton.simulations.scenario;

import java.time.Duration;
import java.util.Optional;

/**
 * A chain with a session through it, simulated or real, to which things can be done. Each method
 * returns the name of the relay that it strikes.
 *
 * @param <E> what it may fail with
 */
public interface ScenarioChain<E extends Exception> {

  /**
   * Waits, for a bounded time, until every stage and standby holds all of the session, or a stage
   * has no relay that could.
   */
  void settle() throws E, InterruptedException;

  /** Returns when the client has noticed. */
  String kill(int stage) throws E, InterruptedException;

  /** Returns when the relay can be reached again. */
  String restart(int stage) throws E, InterruptedException;

  String pause(int stage, Duration length) throws E, InterruptedException;

  String delay(Link link, Duration by, Optional<Duration> length) throws E, InterruptedException;

  /** Returns when the client has noticed, if the link is its own. */
  String cut(Link link, Optional<Duration> length) throws E, InterruptedException;
}
