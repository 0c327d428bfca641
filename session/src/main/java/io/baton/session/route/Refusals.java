package io.baton.session.route;

import io.baton.session.model.Refusal;
import io.baton.session.route.RouteState.Phase;

/** Finds the remedy when a relay refuses something. */
final class Refusals {

  private final RouteScratch scratch;
  private final Opening opening;
  private final Failures failures;

  Refusals(RouteScratch scratch, Opening opening, Failures failures) {
    this.scratch = scratch;
    this.opening = opening;
    this.failures = failures;
  }

  void refused(RouteInput.Refused refused) {
    int index = scratch.indexOf(refused.relay());
    if (index < 0 || refused.step().epoch() != scratch.epoch) {
      return;
    }
    if (refused.step().number() == 0) {
      goElsewhere(index, refused);
      return;
    }
    int at = scratch.hops.get(index).indexOf(refused.step().number());
    if (scratch.phase != Phase.RUNNING || at < 0) {
      return;
    }
    switch (refused.reason().remedy()) {
      case SAME_AGAIN -> again(index, at, refused);
      case RESYNCHRONISE -> resynchronise(index, refused);
      case ELSEWHERE -> goElsewhere(index, refused);
      case NEVER -> giveUpStep(index, at, refused);
    }
  }

  /** An answer may be damaged that came before the client knew the step's input: from a push. */
  private void again(int index, int flight, RouteInput.Refused refused) {
    if (scratch.hops.get(index).flights().get(flight).isSent()) {
      failures.again(index, flight, why(refused));
    } else {
      resynchronise(index, refused);
    }
  }

  private static String why(RouteInput.Refused refused) {
    return "%s: %s".formatted(refused.reason(), refused.message());
  }

  /** A relay that cannot be brought into step as often as a message is sent again will not be. */
  private void resynchronise(int index, RouteInput.Refused refused) {
    if (scratch.trials.resynchronisations(refused.relay())
        >= scratch.config.patience().attempts()) {
      failures.fail(index, why(refused));
    } else {
      scratch.trials = scratch.trials.resynchronised(refused.relay());
      opening.reopen(why(refused));
    }
  }

  private void goElsewhere(int index, RouteInput.Refused refused) {
    if (refused.reason() == Refusal.NO_SESSION) {
      scratch.held.remove(refused.relay());
    }
    failures.fail(index, why(refused));
  }

  /**
   * Whether no relay would take the step, as this one says. Type, shape and length were checked
   * when the step was asked for, so that a side input which the stage does not know is the only
   * reason; and others have taken what is replayed.
   */
  private boolean isGrounded(Hop hop, int at, RouteInput.Refused refused) {
    Hop.Flight flight = hop.flights().get(at);
    return refused.reason() == Refusal.BAD_TENSOR
        && flight.to() > scratch.history.accepted()
        && flight.isSent()
        && !hop.candidate()
            .stage()
            .sideInputs()
            .containsAll(
                scratch.history.input(hop.entrance(), flight.from()).sideInputs().keySet());
  }

  private void giveUpStep(int index, int flight, RouteInput.Refused refused) {
    if (!isGrounded(scratch.hops.get(index), flight, refused)) {
      failures.fail(index, why(refused));
      return;
    }
    scratch.request.ifPresent(
        id ->
            scratch.effects.add(new RouteEffect.Declined(id, refused.reason(), refused.message())));
    scratch.dropRequest();
    opening.reopen("a step was declined");
  }
}
