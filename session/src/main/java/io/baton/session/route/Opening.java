package io.baton.session.route;

import io.baton.session.model.RelayId;
import io.baton.session.route.RouteState.Phase;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Opens a route at a new epoch, and ends the session at the relays that have no part in it. */
final class Opening {

  private final RouteScratch scratch;
  private final Reputation reputation;

  Opening(RouteScratch scratch, Reputation reputation) {
    this.scratch = scratch;
    this.reputation = reputation;
  }

  /** Opens the current route anew. */
  void reopen(String why) {
    open(scratch.route(), why);
  }

  /** Raises the epoch and tells all hops of the route. */
  void open(List<Candidate> route, String why) {
    closeAllBut(route);
    scratch.epoch++;
    scratch.cause = why;
    scratch.phase = Phase.OPENING;
    scratch.history =
        scratch.history.retain(
            route.stream().map(c -> c.span().first()).collect(Collectors.toSet()));
    scratch.hops.clear();
    for (int i = 0; i < route.size(); i++) {
      add(route.get(i), i == 0 ? Set.of() : pushSources(route.get(i - 1).relay()));
    }
  }

  private Set<RelayId> pushSources(RelayId before) {
    return reputation.mayPush(before) ? Set.of(before) : Set.of();
  }

  private void add(Candidate candidate, Set<RelayId> sources) {
    int length =
        Math.min(
            scratch.held.getOrDefault(candidate.relay(), 0),
            scratch.history.lengthOf(scratch.known(candidate)));
    scratch.held.putIfAbsent(candidate.relay(), 0);
    Hop hop =
        new Hop(
            candidate, length, sources, Optional.empty(), 0, List.of(), 1, scratch.openDeadline());
    scratch.hops.add(hop);
    tell(hop);
  }

  /** Tells a hop of the epoch once more. */
  void tellAgain(int index) {
    Hop hop = scratch.hops.get(index);
    scratch.hops.set(index, hop.waiting(hop.attempts() + 1, scratch.openDeadline()));
    tell(hop);
  }

  private void tell(Hop hop) {
    scratch.effects.add(
        new RouteEffect.Open(hop.candidate(), scratch.epoch, hop.openLength(), hop.pushSources()));
  }

  /** Ends the session at every relay. */
  void closeAll() {
    close(scratch.held.keySet());
    scratch.hops.clear();
  }

  /**
   * Ends the session at relays that the route leaves out, those excepted that failed and may come
   * back.
   */
  private void closeAllBut(List<Candidate> route) {
    Set<RelayId> out = new HashSet<>(scratch.held.keySet());
    route.forEach(candidate -> out.remove(candidate.relay()));
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
