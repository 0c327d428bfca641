package io.baton.simulations.scenario;

import io.baton.session.model.RelayId;
import java.util.List;

/** What there is to see of a client's session. */
public interface SessionView {

  /** The relays of the route, first stage first; empty while there is none. */
  List<RelayId> route();

  /** Whether every stage and standby holds all of the session, and nothing is under way. */
  boolean isAtRest();
}
