package io.baton.session.route;

import io.baton.session.model.RelayId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

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
    @Nullable List<Candidate> free = null;
    for (int i = 0; i < scratch.hops.size(); i++) {
      Hop hop = scratch.hops.get(i);
      if (scratch.standbyOf(hop) >= 0) {
        continue;
      }
      // Asked on every input of a session that lacks a standby.
      free = free == null ? free() : free;
      Optional<Candidate> best = best(hop, free);
      if (best.isPresent()) {
        Hop standby = enlist(best.get(), i);
        chosen.add(standby);
        scratch.standbys.add(standby);
        free.remove(best.get());
      }
    }
    return chosen;
  }

  /** The relays that have no part in the session yet. */
  private List<Candidate> free() {
    Set<RelayId> taken =
        Stream.concat(scratch.hops.stream(), scratch.standbys.stream())
            .map(Hop::relay)
            .collect(Collectors.toSet());
    List<Candidate> free = new ArrayList<>(reputation.candidates());
    free.removeIf(candidate -> taken.contains(candidate.relay()));
    return free;
  }

  /** Of those that serve the same stage, the one that lacks least of the session. */
  private Optional<Candidate> best(Hop hop, List<Candidate> free) {
    return free.stream()
        .filter(candidate -> candidate.span().equals(hop.candidate().span()))
        .max(Comparator.comparingInt(candidate -> reputation.trustedLength(candidate.relay())));
  }

  private Hop enlist(Candidate candidate, int index) {
    int known = scratch.history.lengthOf(scratch.history.known(candidate.span().first()));
    return reputation.enlist(candidate, known, index);
  }
}
