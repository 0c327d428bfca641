package io.baton.simulations.swarm;

import java.util.List;
import java.util.Optional;

/**
 * What came of a run.
 *
 * @param violation what was broken, if anything
 * @param faults all that went wrong
 * @param protocolEvents inputs given to machines
 * @param history a hash over all that happened
 */
public record SwarmOutcome(
    SwarmConfig config,
    Optional<Violation> violation,
    List<Fault> faults,
    long protocolEvents,
    long history) {

  public SwarmOutcome {
    faults = List.copyOf(faults);
  }

  public boolean failed() {
    return violation.isPresent();
  }
}
