package io.baton.session.route;

import io.baton.session.model.RelayId;
import io.baton.session.model.StageRole;
import io.baton.session.route.RouteState.Phase;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Opens a route at a new epoch, and ends the session at the relays that have no part in it. */
final class Opening {

  private final RouteScratch scratch;
  private final Reputation reputation;
  private final StandbyChoice choice;

  Opening(RouteScratch scratch, Reputation reputation, StandbyChoice choice) {
    this.scratch = scratch;
    this.reputation = reputation;
    this.choice = choice;
  }

  /** Opens the current route anew. */
  void reopen(String why) {
    open(scratch.route(), why);
  }

  /** Raises the epoch and tells all hops of the route, and those that stand by for them. */
  void open(List<Candidate> route, String why) {
    countTakeovers(route);
    scratch.epoch++;
    scratch.cause = why;
    scratch.phase = Phase.OPENING;
    scratch.history =
        scratch.history.retain(
            route.stream().map(c -> c.span().first()).collect(Collectors.toSet()));
    scratch.leaveRoute();
    for (int i = 0; i < route.size(); i++) {
      Candidate candidate = route.get(i);
      int known = scratch.history.lengthOf(scratch.known(candidate));
      scratch.hops.add(reputation.enlist(candidate, known, i));
    }
    choice.choose();
    closeAllElse();
    scratch.hops.forEach(hop -> tell(hop, StageRole.ACTIVE));
    scratch.standbys.forEach(hop -> tell(hop, StageRole.STANDBY));
  }

  private void countTakeovers(List<Candidate> route) {
    for (Candidate candidate : route) {
      if (RouteScratch.indexOf(scratch.standbys, candidate.relay()) >= 0) {
        scratch.stats = scratch.stats.withTakeover();
      }
    }
  }

  /** Tells a hop of the epoch once more. */
  void tellAgain(int index) {
    Hop hop = scratch.hops.get(index);
    scratch.hops.set(index, hop.waiting(hop.attempts() + 1, scratch.openDeadline()));
    tell(hop, StageRole.ACTIVE);
  }

  void tell(Hop hop, StageRole role) {
    scratch.effects.add(
        new RouteEffect.Open(
            hop.candidate(), scratch.epoch, hop.openLength(), hop.pushSources(), role));
  }

  /** Ends the session at every relay. */
  void closeAll() {
    close(scratch.held.keySet());
    scratch.leaveRoute();
  }

  /**
   * Ends the session at relays that have no part in the route, those excepted that failed and may
   * come back.
   */
  private void closeAllElse() {
    Set<RelayId> out = new HashSet<>(scratch.held.keySet());
    scratch.hops.forEach(hop -> out.remove(hop.relay()));
    scratch.standbys.forEach(hop -> out.remove(hop.relay()));
    out.removeIf(relay -> !reputation.isFree(relay));
    close(out);
  }

  /** The order in which a set gives its elements is not the same in every run of a program. */
  private void close(Set<RelayId> relays) {
    relays.stream()
        .sorted(Comparator.comparing(RelayId::name).thenComparingLong(RelayId::incarnation))
        .toList()
        .forEach(this::close);
  }

  void close(RelayId relay) {
    scratch.effects.add(new RouteEffect.CloseStage(relay));
    scratch.held.remove(relay);
  }
}
