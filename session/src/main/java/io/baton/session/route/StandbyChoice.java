package io.baton.session.route;

import io.baton.session.model.RelayId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Finds relays to stand by for the stages of a route. */
final class StandbyChoice {

  private final RouteScratch scratch;
  private final Reputation reputation;

  StandbyChoice(RouteScratch scratch, Reputation reputation) {
    this.scratch = scratch;
    this.reputation = reputation;
  }

  /** Gives each stage that lacks a standby one, if there is any; returns those given. */
  List<Hop> choose() {
    List<Hop> chosen = new ArrayList<>();
    if (!scratch.config.standby()) {
      return chosen;
    }
    for (int i = 0; i < scratch.hops.size(); i++) {
      if (scratch.standbyOf(scratch.hops.get(i)) < 0) {
        best(scratch.hops.get(i), i)
            .ifPresent(
                standby -> {
                  chosen.add(standby);
                  scratch.standbys.add(standby);
                });
      }
    }
    return chosen;
  }

  /** Of the free relays that serve the same stage, the one that lacks least of the session. */
  private Optional<Hop> best(Hop hop, int index) {
    Set<RelayId> taken =
        Stream.concat(scratch.hops.stream(), scratch.standbys.stream())
            .map(Hop::relay)
            .collect(Collectors.toSet());
    return reputation.candidates().stream()
        .filter(candidate -> candidate.span().equals(hop.candidate().span()))
        .filter(candidate -> !taken.contains(candidate.relay()))
        .max(Comparator.comparingInt(candidate -> reputation.trustedLength(candidate.relay())))
        .map(candidate -> standby(candidate, index));
  }

  private Hop standby(Candidate candidate, int index) {
    int known = scratch.history.lengthOf(scratch.history.known(candidate.span().first()));
    int length = Math.min(scratch.held.getOrDefault(candidate.relay(), 0), known);
    scratch.held.putIfAbsent(candidate.relay(), 0);
    return Hop.told(candidate, length, reputation.pushSources(index), scratch.openDeadline());
  }
}
