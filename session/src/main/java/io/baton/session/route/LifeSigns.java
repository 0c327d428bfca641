package io.baton.session.route;

import java.util.List;

/** Waits longer for a stage that says that it works on what is waited for. */
final class LifeSigns {

  /** A deadline is moved only if it is worth it: signs that come thick and fast change nothing. */
  private static final int WORTH = 20;

  private final RouteScratch scratch;

  LifeSigns(RouteScratch scratch) {
    this.scratch = scratch;
  }

  void working(RouteInput.Working sign) {
    if (sign.step().epoch() != scratch.epoch) {
      return;
    }
    List<Hop> row = scratch.indexOf(sign.relay()) >= 0 ? scratch.hops : scratch.standbys;
    int index = RouteScratch.indexOf(row, sign.relay());
    if (index >= 0 && isWaitedFor(row.get(index), sign)) {
      heard(row, index, sign);
    }
  }

  /** With number 0 it speaks of the opening. */
  private static boolean isWaitedFor(Hop hop, RouteInput.Working sign) {
    long number =
        hop.isOpen() && hop.isWaiting() ? hop.flights().getFirst().step().id().number() : 0;
    return hop.isWaiting() && sign.step().number() == number;
  }

  private void heard(List<Hop> row, int index, RouteInput.Working sign) {
    Hop hop = row.get(index);
    RouteConfig.Patience patience = scratch.config.patience();
    Advance advance = hop.advance().heard(sign.workLeft(), scratch.now);
    long silence =
        (hop.isOpen() ? scratch.stepDeadline(hop) : scratch.openDeadline()) - scratch.now;
    long deadline = scratch.now + advance.waitNanos(patience, silence, scratch.now);
    if (deadline - hop.deadlineNanos() >= patience.stepNanos() / WORTH) {
      row.set(index, hop.heard(advance, deadline));
    }
  }
}
