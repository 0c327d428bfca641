package io.baton.session.route;

import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.PayloadOperations;
import io.baton.session.model.Peer;
import io.baton.session.model.Step;
import io.baton.session.model.StepId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Sends every hop the input that the client knows for it and that it has not got. */
final class Pump {

  private final RouteScratch scratch;
  private final PayloadOperations operations;

  Pump(RouteScratch scratch, PayloadOperations operations) {
    this.scratch = scratch;
    this.operations = operations;
  }

  /** Sends a hop all that the client has for it, as far as the window lets it. */
  void pump(int index) {
    while (confirmNext(scratch.hops, index) || sendNext(index)) {
      // until there is nothing more to send
    }
  }

  /** Sends a standby all that the client has for it, a little at a time. */
  void pumpStandby(int index) {
    while (confirmNext(scratch.standbys, index) || replayNext(index)) {
      // until there is nothing more to send
    }
  }

  /**
   * Confirms the first step that a peer brings to this hop, if the client knows its input by now.
   */
  private boolean confirmNext(List<Hop> row, int index) {
    Hop hop = row.get(index);
    Optional<Hop.Flight> unsent = hop.firstUnsent();
    if (unsent.isEmpty() || unsent.get().to() > scratch.history.known(hop.entrance())) {
      return false;
    }
    send(row, index, unsent.get(), scratch.config.confirm() == RouteConfig.Confirm.FULL);
    return true;
  }

  /** Sends the payload of the next segments that no peer brings. */
  private boolean sendNext(int index) {
    Hop hop = scratch.hops.get(index);
    if (!lacksPayload(hop, scratch.config.window())) {
      return false;
    }
    Hop.Flight flight = nextFlight(hop);
    scratch.hops.set(index, hop.add(flight));
    for (int next = index + 1;
        next < scratch.hops.size()
            && takesPush(scratch.hops.get(next), flight.from(), scratch.config.window());
        next++) {
      scratch.hops.set(next, scratch.hops.get(next).add(flight));
      addToStandby(scratch.hops.get(next), flight);
    }
    send(scratch.hops, index, flight, true);
    return true;
  }

  /**
   * Sends a standby the payload of the next segments: it lags behind, or enters where the client
   * does.
   */
  private boolean replayNext(int index) {
    Hop standby = scratch.standbys.get(index);
    if (!lacksPayload(standby, standbyWindow())) {
      return false;
    }
    Hop.Flight flight = nextFlight(standby);
    scratch.standbys.set(index, standby.add(flight));
    if (flight.to() <= scratch.history.accepted()) {
      scratch.stats = scratch.stats.withStandbyTokens(flight.step().count());
    }
    send(scratch.standbys, index, flight, true);
    return true;
  }

  /** What a standby is sent must not stand in the way of what the route is sent. */
  private int standbyWindow() {
    return Math.max(1, scratch.config.window() / 4);
  }

  /**
   * Whether the client knows input that a hop has not got, that no peer brings, and that it may be
   * sent now.
   */
  private boolean lacksPayload(Hop hop, int window) {
    return hop.firstUnsent().isEmpty()
        && hop.next() < scratch.history.known(hop.entrance())
        && hop.flights().size() < window;
  }

  private Hop.Flight nextFlight(Hop hop) {
    int known = scratch.history.known(hop.entrance());
    return flight(hop.next(), mergeEnd(hop.entrance(), hop.next(), known));
  }

  /** What is pushed to a hop is pushed to its standby too, if that has kept up. */
  private void addToStandby(Hop hop, Hop.Flight flight) {
    int index = scratch.standbyOf(hop);
    if (index >= 0) {
      Hop standby = scratch.standbys.get(index);
      if (standby.isOpen() && takesPush(standby, flight.from(), standbyWindow())) {
        scratch.standbys.set(index, standby.add(flight));
      }
    }
  }

  /** Segments {@code [from, to)} as a new step. */
  private Hop.Flight flight(int from, int to) {
    int position = scratch.history.segments().get(from).position();
    int count = scratch.history.segments().get(to - 1).end() - position;
    Step step = new Step(new StepId(scratch.epoch, scratch.nextNumber++), position, count);
    return new Hop.Flight(step, from, to, Optional.empty(), Optional.empty(), 0);
  }

  /**
   * Whether the output of the stage before is to be pushed to this hop: only if it lacks the step.
   */
  private boolean takesPush(Hop hop, int segment, int window) {
    return !hop.pushSources().isEmpty()
        && hop.next() == segment
        && scratch.history.known(hop.entrance()) <= segment
        && hop.flights().size() < window;
  }

  private int mergeEnd(int layer, int from, int known) {
    History history = scratch.history;
    int to = from + 1;
    int tokens = history.segments().get(from).count();
    while (to < Math.min(known, history.accepted())
        && tokens + history.segments().get(to).count() <= scratch.config.mergeTokens()
        && history.input(layer, to - 1).sideInputs().isEmpty()
        && history.input(layer, to).sideInputs().isEmpty()) {
      tokens += history.segments().get(to++).count();
    }
    return to;
  }

  private void send(List<Hop> row, int index, Hop.Flight flight, boolean withPayload) {
    Hop hop = row.get(index);
    Payload payload = payload(hop, flight);
    int at = hop.indexOf(flight.step().id().number());
    Hop sent = hop.set(at, flight.sent(payload.digest()));
    row.set(index, at == 0 ? sent.waiting(1, scratch.stepDeadline(sent)) : sent);
    emit(hop, flight, payload.digest(), withPayload ? Optional.of(payload) : Optional.empty());
  }

  /** Sends a step with its payload, whatever the hop has had of it. */
  void sendAgain(Hop hop, Hop.Flight flight) {
    Payload payload = payload(hop, flight);
    emit(hop, flight, payload.digest(), Optional.of(payload));
  }

  private void emit(Hop hop, Hop.Flight flight, Digest digest, Optional<Payload> payload) {
    int index = scratch.indexOf(hop.relay());
    scratch.effects.add(
        new RouteEffect.Send(
            hop.relay(),
            flight.step(),
            index < 0 ? List.of() : nextPeers(index, flight.step().id().number()),
            digest,
            payload));
  }

  /** The hops, one after another, to which the output of a step is pushed on. */
  private List<Peer> nextPeers(int index, long number) {
    List<Peer> nextPeers = new ArrayList<>();
    for (int next = index + 1; next < scratch.hops.size(); next++) {
      Hop hop = scratch.hops.get(next);
      if (hop.indexOf(number) < 0) {
        break;
      }
      Peer peer = peer(hop);
      int standby = scratch.standbyOf(hop);
      nextPeers.add(
          standby >= 0 && scratch.standbys.get(standby).indexOf(number) >= 0
              ? peer.withStandby(peer(scratch.standbys.get(standby)))
              : peer);
    }
    return nextPeers;
  }

  private static Peer peer(Hop hop) {
    return new Peer(hop.relay(), hop.candidate().address(), hop.ticket().orElseThrow());
  }

  private Payload payload(Hop hop, Hop.Flight flight) {
    if (flight.to() - flight.from() == 1) {
      return scratch.history.input(hop.entrance(), flight.from());
    }
    List<Payload> parts = new ArrayList<>();
    for (int segment = flight.from(); segment < flight.to(); segment++) {
      parts.add(scratch.history.input(hop.entrance(), segment));
    }
    return operations.concatenate(parts);
  }
}
