package io.baton.session.route;

import io.baton.session.model.RelayId;

/** Goes on when a hop does not: sends again, or goes around it. */
final class Failures {

  private final RouteScratch scratch;
  private final Reputation reputation;
  private final Opening opening;
  private final Search search;
  private final Pump pump;

  Failures(RouteScratch scratch, Reputation reputation, Opening opening, Search search, Pump pump) {
    this.scratch = scratch;
    this.reputation = reputation;
    this.opening = opening;
    this.search = search;
    this.pump = pump;
  }

  void relayLost(RouteInput.RelayLost lost) {
    int index = scratch.indexOf(lost.relay());
    if (index >= 0) {
      fail(index, lost.cause());
    }
  }

  void relayDraining(RouteInput.RelayDraining draining) {
    RelayId relay = draining.relay();
    int index = scratch.indexOf(relay);
    if (index < 0) {
      return;
    }
    Candidate hop = scratch.hops.get(index).candidate();
    reputation.ban(relay);
    search
        .plan()
        .ifPresent(
            route -> {
              opening.close(relay);
              countReroute();
              opening.open(route, hop + " is about to stop");
            });
  }

  /** Does something about the hops that have not answered in time. */
  void overdue() {
    long epoch = scratch.epoch;
    for (int i = 0; i < scratch.hops.size() && isUntouched(epoch); i++) {
      Hop hop = scratch.hops.get(i);
      if (hop.isWaiting() && scratch.now - hop.deadlineNanos() >= 0) {
        overdue(i, hop);
      }
    }
  }

  /** Whether the route is what it was in {@code epoch}. */
  private boolean isUntouched(long epoch) {
    return scratch.epoch == epoch && scratch.phase != RouteState.Phase.SEARCHING;
  }

  private void overdue(int index, Hop hop) {
    if (hop.isOpen()) {
      String why =
          hop.advance().isStalled(scratch.config.patience(), scratch.now)
              ? "says that it works on %s, and does not get on"
              : "no answer to %s in time";
      again(index, 0, why.formatted(hop.flights().getFirst().step()));
    } else if (isExhausted(hop)) {
      fail(index, "no answer to the opening in time");
    } else {
      opening.tellAgain(index);
    }
  }

  /** Sends a step again, unless that has been done often enough. */
  void again(int index, int flight, String why) {
    Hop hop = scratch.hops.get(index);
    if (isExhausted(hop)) {
      fail(index, why);
      return;
    }
    scratch.hops.set(index, hop.waiting(hop.attempts() + 1, scratch.stepDeadline(hop)));
    pump.sendAgain(hop, hop.flights().get(flight));
  }

  private boolean isExhausted(Hop hop) {
    return hop.attempts() >= scratch.config.patience().attempts();
  }

  /** A hop has failed: goes on without it. */
  void fail(int index, String why) {
    Candidate lost = scratch.hops.get(index).candidate();
    scratch.trials = scratch.trials.failed(lost, why);
    reputation.ban(lost.relay());
    scratch.effects.add(new RouteEffect.Disconnect(lost.relay()));
    scratch.hops.remove(index);
    countReroute();
    scratch.cause = "%s failed: %s".formatted(lost, why);
    search.search();
  }

  private void countReroute() {
    scratch.stats = scratch.stats.withReroute();
  }
}
