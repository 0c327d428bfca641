package io.baton.session.route;

import io.baton.session.route.RouteState.Phase;
import java.util.List;
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
      if (scratch.phase != Phase.SEARCHING) {
        // What is known may be so old that nobody of it is left, and more than patience can try.
        scratch.effects.add(new RouteEffect.Discover());
      }
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
    scratch.leaveRoute();
    scratch.retryAtNanos = scratch.now + backoffNanos(scratch.failures);
    scratch.effects.add(new RouteEffect.Discover());
  }

  Optional<List<Candidate>> plan() {
    return RoutePlanner.plan(scratch.config.layers(), reputation.candidates(), this::replayCost);
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

  /** How long to wait after so many failures in a row. */
  long backoffNanos(int failures) {
    RouteConfig.Patience patience = scratch.config.patience();
    long limit =
        Math.min(patience.maxBackoffNanos(), patience.backoffNanos() << Math.min(failures, 20));
    // Half fixed and half spread, so that clients of one lost relay do not all come back at once.
    long spread = mix(jitterSeed + scratch.epoch * 31 + failures) >>> 1;
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
    scratch.leaveRoute();
    scratch.phase = Phase.DORMANT;
  }
}
