package io.baton.session.route;

import io.baton.session.model.RelayId;
import io.baton.session.model.StageInfo;
import io.baton.session.route.RouteState.Ban;
import io.baton.session.route.RouteState.Phase;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** A copy of a {@link RouteState} that the parts of a {@link RouteTransition} write to. */
final class RouteScratch {

  /** At a megabyte a second, which no network that is of use falls short of. */
  private static final long NANOS_A_BYTE = 1_000;

  final RouteConfig config;
  final long now;
  final List<RouteEffect> effects = new ArrayList<>();

  Phase phase;
  long epoch;
  List<Candidate> candidates;
  final List<Hop> hops;
  final List<Hop> standbys;
  History history;
  final Map<RelayId, Integer> held;
  Optional<Long> request;
  long nextNumber;
  final Map<RelayId, Ban> bans;
  final Map<RouteState.Dispute, Integer> disputes;
  Trials trials;
  Quest quest;
  RouteState.Seek seek;
  String cause;
  RouteStats stats;

  RouteScratch(RouteState state, long nowNanos) {
    config = state.config();
    now = nowNanos;
    phase = state.phase();
    epoch = state.epoch();
    candidates = state.candidates();
    hops = new ArrayList<>(state.hops());
    standbys = new ArrayList<>(state.standbys());
    history = state.history();
    held = new HashMap<>(state.held());
    request = state.request();
    nextNumber = state.nextNumber();
    bans = new HashMap<>(state.bans());
    disputes = new HashMap<>(state.disputes());
    trials = state.trials();
    quest = state.quest();
    seek = state.seek();
    cause = state.cause();
    stats = state.stats();
  }

  /** Whether nothing has been done yet about what came. */
  boolean isUntouched(RouteState before) {
    return effects.isEmpty()
        && epoch == before.epoch()
        && phase == before.phase()
        && hops.equals(before.hops())
        && standbys.equals(before.standbys());
  }

  RouteState finish() {
    return new RouteState(
        config,
        phase,
        epoch,
        candidates,
        hops,
        standbys,
        history,
        held,
        request,
        nextNumber,
        bans,
        disputes,
        trials,
        quest,
        seek,
        cause,
        stats);
  }

  List<Candidate> route() {
    return hops.stream().map(Hop::candidate).toList();
  }

  int indexOf(RelayId relay) {
    return indexOf(hops, relay);
  }

  static int indexOf(List<Hop> row, RelayId relay) {
    for (int i = 0; i < row.size(); i++) {
      if (row.get(i).relay().equals(relay)) {
        return i;
      }
    }
    return -1;
  }

  /** The relay's part in the route, be it a stage or a standby. */
  Optional<Hop> find(RelayId relay) {
    return Stream.concat(hops.stream(), standbys.stream())
        .filter(hop -> hop.relay().equals(relay))
        .findFirst();
  }

  /** Index of the standby for a hop; -1 if there is none. */
  int standbyOf(Hop hop) {
    for (int i = 0; i < standbys.size(); i++) {
      if (standbys.get(i).isFor(hop)) {
        return i;
      }
    }
    return -1;
  }

  /** Leaves the route, and with it the relays that stand by for it. */
  void leaveRoute() {
    hops.clear();
    standbys.clear();
  }

  /** Segments whose output at a stage the client has: what the stage can be spared. */
  int known(Candidate candidate) {
    int exit = candidate.span().end();
    return exit == config.layers() ? history.accepted() : history.known(exit);
  }

  /** Forgets all beyond {@code length} that a relay has held: it is not the session's any more. */
  void limitHeld(int length) {
    held.replaceAll((_, has) -> Math.min(has, length));
  }

  void dropRequest() {
    request = Optional.empty();
    history = history.withoutPending();
    limitHeld(history.acceptedLength());
  }

  long openDeadline() {
    return now + config.patience().openNanos();
  }

  /** For the first flight of a hop: silence is borne, and the time that its bytes may take. */
  long stepDeadline(Hop hop) {
    StageInfo stage = hop.candidate().stage();
    long rows = hop.flights().isEmpty() ? 0 : hop.flights().getFirst().step().count();
    long bytes = rows * (stage.inputRow().bytes() + stage.outputRow().bytes());
    return now + config.patience().stepNanos() + bytes * NANOS_A_BYTE;
  }
}
