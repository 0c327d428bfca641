package io.baton.session.route;

import io.baton.session.model.Digest;
import io.baton.session.model.RelayId;
import io.baton.session.model.StepId;
import io.baton.session.route.RouteState.Ban;
import io.baton.session.route.RouteState.Dispute;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** What relays have done so far, and what they are therefore let do. */
final class Reputation {

  /** How many relays are remembered that cannot be reached now. */
  private static final int RELAYS_REMEMBERED = 1024;

  private final RouteScratch scratch;

  Reputation(RouteScratch scratch) {
    this.scratch = scratch;
  }

  /** Leaves a relay alone, for longer each time. */
  void ban(RelayId relay) {
    RouteConfig.Patience patience = scratch.config.patience();
    Ban before = scratch.bans.get(relay);
    int count = before == null ? 1 : before.failures() + 1;
    long nanos = Math.min(patience.maxBanNanos(), patience.banNanos() << Math.min(count - 1, 20));
    scratch.bans.put(relay, new Ban(scratch.now + nanos, count));
  }

  /** Lets every relay be tried again; how often it has failed is remembered. */
  void forgive() {
    scratch.bans.replaceAll((_, ban) -> new Ban(scratch.now, ban.failures()));
  }

  boolean isFree(RelayId relay) {
    Ban ban = scratch.bans.get(relay);
    return ban == null || scratch.now - ban.untilNanos() >= 0;
  }

  /**
   * {@code stage} says that {@code before} pushed it other bytes than the client vouches for: one
   * of them is wrong, and it is held against the two together.
   */
  void dispute(RelayId stage, StepId step, Digest client, Digest other, RelayId before) {
    scratch.disputes.merge(new Dispute(before, stage), 1, Integer::sum);
    recordMismatch(stage, step, client, other, before);
  }

  void recordMismatch(RelayId stage, StepId step, Digest client, Digest other, RelayId blamed) {
    scratch.stats = scratch.stats.withMismatch();
    scratch.effects.add(new RouteEffect.MismatchSeen(stage, step, client, other, blamed));
  }

  boolean mayPush(RelayId from, RelayId to) {
    return scratch.config.push()
        && scratch.disputes.getOrDefault(new Dispute(from, to), 0) < scratch.config.mismatchLimit();
  }

  /** The relays that may push into a relay as stage {@code index}: the hop before, or none. */
  private Set<RelayId> pushSources(int index, RelayId stage) {
    if (index == 0) {
      return Set.of();
    }
    RelayId before = scratch.hops.get(index - 1).relay();
    return mayPush(before, stage) ? Set.of(before) : Set.of();
  }

  /**
   * The relays that can be asked now, in the order of preference. A relay holds one part of a
   * session, so each counts once: as what it was last seen to be.
   */
  List<Candidate> candidates() {
    Map<RelayId, Candidate> choice = new LinkedHashMap<>();
    scratch.candidates.forEach(candidate -> choice.putIfAbsent(candidate.relay(), candidate));
    scratch.route().forEach(candidate -> choice.putIfAbsent(candidate.relay(), candidate));
    choice.keySet().removeIf(relay -> !isFree(relay));
    return List.copyOf(choice.values());
  }

  /**
   * Tokens of the session that a relay can be counted on to hold. What it held before it failed
   * twice is not, or its memory would always make it the cheapest.
   */
  int trustedLength(RelayId relay) {
    Ban ban = scratch.bans.get(relay);
    return ban == null || ban.failures() == 1 ? scratch.held.getOrDefault(relay, 0) : 0;
  }

  /**
   * Makes a relay a hop that is told of the epoch.
   *
   * @param known tokens up to which the session can vouch for what the relay holds
   * @param index the stage that it takes in the route
   */
  Hop enlist(Candidate candidate, int known, int index) {
    int length = Math.min(scratch.held.getOrDefault(candidate.relay(), 0), known);
    scratch.held.putIfAbsent(candidate.relay(), 0);
    return Hop.told(
        candidate, length, pushSources(index, candidate.relay()), scratch.openDeadline());
  }

  /** Forgets relays that are nowhere to be seen, if there are too many to remember. */
  void prune() {
    if (scratch.held.size() + scratch.bans.size() <= RELAYS_REMEMBERED) {
      return;
    }
    Set<RelayId> seen =
        scratch.candidates.stream().map(Candidate::relay).collect(Collectors.toSet());
    scratch.hops.forEach(hop -> seen.add(hop.relay()));
    scratch.standbys.forEach(hop -> seen.add(hop.relay()));
    scratch.held.keySet().retainAll(seen);
    scratch.bans.keySet().retainAll(seen);
    scratch
        .disputes
        .keySet()
        .removeIf(dispute -> !seen.contains(dispute.from()) || !seen.contains(dispute.to()));
  }
}
