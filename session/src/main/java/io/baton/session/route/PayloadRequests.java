package io.baton.session.route;

import java.util.List;

/**
 * Sends the payload of a step that was confirmed by digest to a stage that asks for it. An honest
 * one asks when no push has come, and once more when what was pushed was not what the client
 * vouches for.
 */
final class PayloadRequests {

  private static final int ASKS = 2;

  private final RouteScratch scratch;
  private final Pump pump;
  private final Failures failures;
  private final Standbys standbys;

  PayloadRequests(RouteScratch scratch, Pump pump, Failures failures, Standbys standbys) {
    this.scratch = scratch;
    this.pump = pump;
    this.failures = failures;
    this.standbys = standbys;
  }

  void asked(RouteInput.PayloadAsked asked) {
    if (scratch.phase != RouteState.Phase.RUNNING || asked.step().epoch() != scratch.epoch) {
      return;
    }
    int index = scratch.indexOf(asked.relay());
    if (index >= 0) {
      if (!sent(scratch.hops, index, asked)) {
        failures.fail(index, again(asked));
      }
      return;
    }
    int standby = RouteScratch.indexOf(scratch.standbys, asked.relay());
    if (standby >= 0 && !sent(scratch.standbys, standby, asked)) {
      standbys.lost(asked.relay(), again(asked));
    }
  }

  private static String again(RouteInput.PayloadAsked asked) {
    return "asks for the payload of step %s again and again".formatted(asked.step());
  }

  /** False if the relay has asked for this too often. */
  private boolean sent(List<Hop> row, int index, RouteInput.PayloadAsked asked) {
    Hop hop = row.get(index);
    int at = hop.indexOf(asked.step().number());
    if (at < 0 || !hop.flights().get(at).isSent()) {
      return true;
    }
    Hop.Flight flight = hop.flights().get(at).asked();
    if (flight.asks() > ASKS) {
      return false;
    }
    Hop told = hop.set(at, flight);
    row.set(index, at == 0 ? told.waiting(told.attempts(), scratch.stepDeadline(told)) : told);
    pump.sendAgain(told, flight);
    return true;
  }
}
