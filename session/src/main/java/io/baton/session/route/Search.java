package io.baton.session.route;

import io.baton.session.model.RelayId;
import io.baton.session.route.RouteState.Phase;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Looks for the cheapest route through the relays that can be reached, and knows when to stop. */
final class Search {

  private final RouteScratch scratch;
  private final long jitterSeed;
  private final Reputation reputation;
  private final Opening opening;

  Search(RouteScratch scratch, long jitterSeed, Reputation reputation, Opening opening) {
    this.scratch = scratch;
    this.jitterSeed = jitterSeed;
    this.reputation = reputation;
    this.opening = opening;
  }

  /** Begins to look for a route after having had none and wanted none. */
  void wake() {
    scratch.failures = 0;
    scratch.tried.clear();
    reputation.forgive();
    scratch.cause = "the session begins";
    if (scratch.candidates.isEmpty()) {
      discover();
    } else {
      search();
    }
  }

  void discovered(RouteInput.Discovered found) {
    scratch.candidates = found.candidates();
    reputation.prune();
    if (scratch.phase == Phase.SEARCHING) {
      plan().ifPresent(route -> opening.open(route, scratch.cause));
    }
  }

  /** Looks again, if it is time to. */
  void retry() {
    if (scratch.now - scratch.retryAtNanos >= 0 && countFailure()) {
      search();
    }
  }

  /** Counts one more failure in a row; gives up, and returns false, if that is one too many. */
  boolean countFailure() {
    scratch.failures++;
    if (scratch.failures <= scratch.config.patience().failures()) {
      return true;
    }
    giveUp();
    return false;
  }

  /** Opens the best route there is, or waits for a better day. */
  void search() {
    plan().ifPresentOrElse(route -> opening.open(route, scratch.cause), this::discover);
  }

  private void discover() {
    scratch.phase = Phase.SEARCHING;
    scratch.hops.clear();
    scratch.retryAtNanos = scratch.now + backoffNanos();
    scratch.effects.add(new RouteEffect.Discover());
  }

  Optional<List<Candidate>> plan() {
    // A relay holds one part of a session, so it counts once: as what it was last seen to be.
    Map<RelayId, Candidate> choice = new LinkedHashMap<>();
    scratch.candidates.forEach(candidate -> choice.putIfAbsent(candidate.relay(), candidate));
    scratch.route().forEach(candidate -> choice.putIfAbsent(candidate.relay(), candidate));
    choice.keySet().removeIf(relay -> !reputation.isFree(relay));
    return RoutePlanner.plan(
        scratch.config.layers(), List.copyOf(choice.values()), this::replayCost);
  }

  /**
   * Layers times tokens to replay; of two that need as much, the one that is on the route stays.
   */
  private long replayCost(Candidate candidate) {
    int has = reputation.trustedLength(candidate.relay());
    int missing = Math.max(0, scratch.history.acceptedLength() - has);
    int change = scratch.indexOf(candidate.relay()) >= 0 ? 0 : 1;
    return candidate.span().layers() * (2L * missing + change);
  }

  private long backoffNanos() {
    RouteConfig.Patience patience = scratch.config.patience();
    long limit =
        Math.min(
            patience.maxBackoffNanos(), patience.backoffNanos() << Math.min(scratch.failures, 20));
    // Half fixed and half spread, so that clients of one lost relay do not all come back at once.
    long spread = mix(jitterSeed + scratch.epoch * 31 + scratch.failures) >>> 1;
    return limit / 2 + spread % Math.max(1, limit / 2);
  }

  /** The finalizer of the SplitMix64 generator (Steele, Lea, Flood 2014). */
  private static long mix(long seed) {
    long z = (seed + 0x9e3779b97f4a7c15L);
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  private void giveUp() {
    int layers = scratch.config.layers();
    int missing = RoutePlanner.missingLayer(scratch.candidates);
    String message =
        missing < layers
            ? "no relay that can be reached serves layer %d".formatted(missing)
            : "no route through the %d layers held".formatted(layers);
    scratch.effects.add(
        new RouteEffect.Failed(
            scratch.request.orElse(0L),
            new RouteFailure(
                "%s after %d tries".formatted(message, scratch.failures), scratch.tried)));
    if (scratch.request.isPresent()) {
      scratch.dropRequest();
    }
    scratch.hops.clear();
    scratch.phase = Phase.DORMANT;
  }
}
