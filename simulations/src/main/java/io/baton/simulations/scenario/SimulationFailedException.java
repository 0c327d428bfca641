package io.baton.simulations.scenario;

/** A simulated scenario that did not get to its end, because no chain could be had any more. */
public final class SimulationFailedException extends Exception {

  private static final long serialVersionUID = 1L;

  SimulationFailedException(String message) {
    super(message);
  }
}
