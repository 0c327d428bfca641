package io.baton.session.route;

import io.baton.session.route.RouteState.Phase;
import java.util.List;
import java.util.Optional;

/** Looks for the cheapest route through the relays that can be reached, and knows when to stop. */
final class Search {

  private static final double NANOS_A_SECOND = 1e9;

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
    scratch.trials = Trials.NONE;
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

  /** A request has come: what was tried in vain before does not count against it. */
  void startAnew() {
    scratch.trials = scratch.trials.forgiven();
    if (scratch.phase == Phase.SEARCHING) {
      scratch.quest = new Quest(scratch.now, scratch.quest.retryAtNanos(), 0, false);
    }
  }

  void discovered(RouteInput.Discovered found) {
    scratch.candidates = found.candidates();
    reputation.prune();
    if (scratch.phase == Phase.SEARCHING) {
      scratch.quest = scratch.quest.answered(found.silent() == 0);
      Optional<List<Candidate>> route = plan();
      if (route.isPresent()) {
        opening.open(route.get(), scratch.cause);
      } else if (areMany() && scratch.quest.settled()) {
        giveUp();
      }
    }
  }

  /** Looks again, if it is time to. */
  void retry() {
    if (scratch.now - scratch.quest.retryAtNanos() >= 0) {
      search();
    }
  }

  /**
   * Opens the best route there is, or waits for a better day. Where too many have failed, a route
   * is one of relays that have not.
   */
  void search() {
    Optional<List<Candidate>> route = plan();
    if (route.isPresent()) {
      opening.open(route.get(), scratch.cause);
    } else if (scratch.phase == Phase.SEARCHING
        && scratch.quest.isOver(scratch.config.patience(), scratch.now)) {
      giveUp();
    } else {
      discover();
    }
  }

  private void discover() {
    Quest quest = scratch.phase == Phase.SEARCHING ? scratch.quest : Quest.begun(scratch.now);
    scratch.phase = Phase.SEARCHING;
    scratch.leaveRoute();
    scratch.quest =
        quest.again(
            scratch.now
                + Math.min(
                    backoffNanos(quest.searches()),
                    quest.endNanos(scratch.config.patience()) - scratch.now));
    scratch.effects.add(new RouteEffect.Discover());
  }

  Optional<List<Candidate>> plan() {
    List<Candidate> candidates = reputation.candidates();
    if (areMany()) {
      candidates = candidates.stream().filter(c -> !scratch.trials.hasFailed(c)).toList();
    }
    return RoutePlanner.plan(scratch.config.layers(), candidates, this::replayCost);
  }

  private boolean areMany() {
    return scratch.trials.areMany(scratch.config.patience());
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

  /** How long to wait after so many searches in vain. */
  long backoffNanos(int searches) {
    RouteConfig.Patience patience = scratch.config.patience();
    long limit =
        Math.min(patience.maxBackoffNanos(), patience.backoffNanos() << Math.min(searches, 20));
    // Half fixed and half spread, so that clients of one lost relay do not all come back at once.
    long spread = mix(jitterSeed + scratch.epoch * 31 + searches) >>> 1;
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
                "%s after %s".formatted(message, efforts()), scratch.trials.latest())));
    if (scratch.request.isPresent()) {
      scratch.dropRequest();
    }
    scratch.leaveRoute();
    scratch.phase = Phase.DORMANT;
  }

  private String efforts() {
    String asked =
        "%.1f s of asking".formatted((scratch.now - scratch.quest.sinceNanos()) / NANOS_A_SECOND);
    int failures = scratch.trials.failures();
    return failures == 0
        ? asked
        : "%d %s and %s".formatted(failures, failures == 1 ? "failure" : "failures", asked);
  }
}
