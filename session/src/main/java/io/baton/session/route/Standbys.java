package io.baton.session.route;

import io.baton.session.model.RelayId;
import io.baton.session.model.StageRole;
import io.baton.session.model.StepId;
import java.util.List;
import java.util.Optional;

/**
 * Keeps a relay at hand for each stage of the route. A standby is pumped like a hop, and pushed
 * what its hop is pushed while it keeps up; but nothing waits for it, and whatever goes wrong with
 * it ends its part and leaves the route as it is.
 */
final class Standbys {

  private final RouteScratch scratch;
  private final Reputation reputation;
  private final StandbyChoice choice;
  private final Opening opening;
  private final Search search;
  private final Pump pump;

  Standbys(
      RouteScratch scratch,
      Reputation reputation,
      StandbyChoice choice,
      Opening opening,
      Search search,
      Pump pump) {
    this.scratch = scratch;
    this.reputation = reputation;
    this.choice = choice;
    this.opening = opening;
    this.search = search;
    this.pump = pump;
  }

  /**
   * Finds standbys that are missing, takes in what each has absorbed, and sends it what it lacks.
   */
  void tend() {
    if (scratch.phase != RouteState.Phase.RUNNING || !scratch.config.standby()) {
      return;
    }
    choice.choose().forEach(standby -> opening.tell(standby, StageRole.STANDBY));
    seek();
    for (int i = 0; i < scratch.standbys.size(); i++) {
      if (scratch.standbys.get(i).isOpen()) {
        pump.pumpStandby(i);
        while (takeAnswer(i)) {
          pump.pumpStandby(i);
        }
      }
    }
  }

  /** Asks from time to time which relays there are, while a stage in use lacks a standby. */
  private void seek() {
    if (scratch.standbys.size() == scratch.hops.size()) {
      scratch.seek = new RouteState.Seek(scratch.now, 0);
    } else if (scratch.request.isPresent() && scratch.now - scratch.seek.atNanos() >= 0) {
      int misses = scratch.seek.misses();
      scratch.seek = new RouteState.Seek(scratch.now + search.backoffNanos(misses), misses + 1);
      scratch.effects.add(new RouteEffect.Discover());
    }
  }

  void opened(RouteInput.Opened opened) {
    int index = RouteScratch.indexOf(scratch.standbys, opened.relay());
    if (opened.epoch() != scratch.epoch || index < 0 || scratch.standbys.get(index).isOpen()) {
      return;
    }
    Hop standby = scratch.standbys.get(index);
    int segments =
        Math.min(
            scratch.history.segmentsWithin(opened.currentLength()),
            scratch.history.known(standby.entrance()));
    int length = scratch.history.lengthOf(segments);
    if (length != opened.currentLength()) {
      lose(index, "claims %d tokens of the session".formatted(opened.currentLength()));
      return;
    }
    scratch.held.put(standby.relay(), length);
    scratch.standbys.set(index, standby.opened(opened.ticket(), segments));
    scratch.effects.add(new RouteEffect.StandbyReady(standby.candidate(), length));
  }

  /**
   * A standby counts as holding a step once it has absorbed the very input that the client vouches
   * for.
   */
  void absorbed(RouteInput.Absorbed answer) {
    int index = RouteScratch.indexOf(scratch.standbys, answer.relay());
    if (scratch.phase != RouteState.Phase.RUNNING
        || answer.step().id().epoch() != scratch.epoch
        || index < 0) {
      return;
    }
    Hop standby = scratch.standbys.get(index);
    int at = standby.indexOf(answer.step().id().number());
    if (at < 0) {
      return;
    }
    Hop.Flight flight = standby.flights().get(at);
    if (!answer.step().equals(flight.step())) {
      lose(index, "absorbed %s for %s".formatted(answer.step(), flight.step()));
      return;
    }
    Hop.Answer kept = new Hop.Answer(answer.source(), answer.inputDigest(), Optional.empty());
    scratch.standbys.set(index, standby.set(at, flight.answered(kept)));
  }

  /** Takes in the first answer, if the client knows by now what should have been absorbed. */
  private boolean takeAnswer(int index) {
    Hop standby = scratch.standbys.get(index);
    if (standby.flights().isEmpty()) {
      return false;
    }
    Hop.Flight flight = standby.flights().getFirst();
    if (flight.answer().isEmpty() || flight.digest().isEmpty()) {
      return false;
    }
    if (!flight.answer().get().inputDigest().equals(flight.digest().get())) {
      // The standby finds this out itself from the client's digest, and absorbs the right input.
      scratch.standbys.set(index, standby.set(0, flight.unanswered()));
      return false;
    }
    scratch.held.put(standby.relay(), flight.step().end());
    Hop rest = standby.withoutFirst();
    scratch.standbys.set(index, rest.waiting(1, scratch.stepDeadline(rest)));
    return true;
  }

  /** A standby that lets others wait is none. */
  void overdue() {
    for (Hop standby : List.copyOf(scratch.standbys)) {
      if (standby.isWaiting() && scratch.now - standby.deadlineNanos() >= 0) {
        lost(standby.relay(), "no answer in time");
      }
    }
  }

  void refused(RouteInput.Refused refused) {
    StepId step = refused.step();
    int index = RouteScratch.indexOf(scratch.standbys, refused.relay());
    if (index >= 0
        && step.epoch() == scratch.epoch
        && (step.number() == 0 || scratch.standbys.get(index).indexOf(step.number()) >= 0)) {
      lose(index, "%s: %s".formatted(refused.reason(), refused.message()));
    }
  }

  void lost(RelayId relay, String cause) {
    int index = RouteScratch.indexOf(scratch.standbys, relay);
    if (index >= 0) {
      lose(index, cause);
    }
  }

  void draining(RelayId relay) {
    int index = RouteScratch.indexOf(scratch.standbys, relay);
    if (index >= 0) {
      remove(index, "is about to stop");
      opening.close(relay);
    }
  }

  private void lose(int index, String cause) {
    RelayId relay = scratch.standbys.get(index).relay();
    remove(index, cause);
    scratch.effects.add(new RouteEffect.Disconnect(relay));
  }

  private void remove(int index, String cause) {
    Hop standby = scratch.standbys.remove(index);
    reputation.ban(standby.relay());
    scratch.effects.add(new RouteEffect.StandbyLost(standby.candidate(), cause));
  }
}
