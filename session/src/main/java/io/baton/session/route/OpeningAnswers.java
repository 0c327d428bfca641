package io.baton.session.route;

import io.baton.session.route.RouteState.Phase;

/** Takes in what the hops say to their opening; once all of them have answered, the route runs. */
final class OpeningAnswers {

  private final RouteScratch scratch;
  private final Opening opening;
  private final Pump pump;
  private final Failures failures;

  OpeningAnswers(RouteScratch scratch, Opening opening, Pump pump, Failures failures) {
    this.scratch = scratch;
    this.opening = opening;
    this.pump = pump;
    this.failures = failures;
  }

  void opened(RouteInput.Opened opened) {
    int index = scratch.indexOf(opened.relay());
    if (scratch.phase != Phase.OPENING || opened.epoch() != scratch.epoch || index < 0) {
      return;
    }
    Hop hop = scratch.hops.get(index);
    if (hop.isOpen()) {
      return;
    }
    if (opened.currentLength() > hop.openLength()) {
      failures.fail(
          index,
          "claims %d tokens of the session's %d"
              .formatted(opened.currentLength(), hop.openLength()));
      return;
    }
    int segments =
        Math.min(
            scratch.history.segmentsWithin(opened.currentLength()), scratch.known(hop.candidate()));
    int length = scratch.history.lengthOf(segments);
    scratch.held.put(hop.relay(), length);
    if (length != opened.currentLength()) {
      // It holds part of a step. Steps are replayed whole, so it has to let go of that part.
      opening.reopen(scratch.cause);
      return;
    }
    scratch.hops.set(index, hop.opened(opened.ticket(), segments));
    if (scratch.hops.stream().allMatch(Hop::isOpen)) {
      run();
    }
  }

  private void run() {
    scratch.phase = Phase.RUNNING;
    scratch.effects.add(new RouteEffect.RouteOpened(scratch.epoch, scratch.route(), scratch.cause));
    for (int i = 0; i < scratch.hops.size() && scratch.phase == Phase.RUNNING; i++) {
      pump.pump(i);
    }
  }
}
