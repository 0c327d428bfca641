package io.baton.cli.demo;

import io.baton.session.model.RelayId;
import io.baton.session.route.Candidate;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Tells an audience what is new about standbys: a session says at each epoch who stands by, whether
 * or not it did before. To be told by one thread at a time.
 */
final class StandbyNews {

  private final ChainRun.Audience audience;
  private final Set<RelayId> standing = new HashSet<>();

  StandbyNews(ChainRun.Audience audience) {
    this.audience = audience;
  }

  void ready(Candidate standby) {
    if (standing.add(standby.relay())) {
      audience.standsBy(standby.relay().name());
    }
  }

  void lost(Candidate standby) {
    if (standing.remove(standby.relay())) {
      audience.fellAway(standby.relay().name());
    }
  }

  void routed(List<Candidate> route) {
    for (Candidate hop : route) {
      if (standing.remove(hop.relay())) {
        audience.tookOver(hop.relay().name());
      }
    }
  }
}
