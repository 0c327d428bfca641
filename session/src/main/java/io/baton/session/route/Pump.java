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
    while (confirmNext(index) || sendNext(index)) {
      // until there is nothing more to send
    }
  }

  /**
   * Confirms the first step that a peer brings to this hop, if the client knows its input by now.
   */
  private boolean confirmNext(int index) {
    Hop hop = scratch.hops.get(index);
    Optional<Hop.Flight> unsent = hop.firstUnsent();
    if (unsent.isEmpty() || unsent.get().to() > scratch.history.known(hop.entrance())) {
      return false;
    }
    send(index, unsent.get(), scratch.config.confirm() == RouteConfig.Confirm.FULL);
    return true;
  }

  /** Sends the payload of the next segments that no peer brings. */
  private boolean sendNext(int index) {
    Hop hop = scratch.hops.get(index);
    int known = scratch.history.known(hop.entrance());
    if (hop.firstUnsent().isPresent()
        || hop.next() >= known
        || hop.flights().size() >= scratch.config.window()) {
      return false;
    }
    Hop.Flight flight = flight(hop.next(), mergeEnd(hop.entrance(), hop.next(), known));
    scratch.hops.set(index, hop.add(flight));
    for (int next = index + 1;
        next < scratch.hops.size() && takesPush(next, flight.from());
        next++) {
      scratch.hops.set(next, scratch.hops.get(next).add(flight));
    }
    send(index, flight, true);
    return true;
  }

  /** Segments {@code [from, to)} as a new step. */
  private Hop.Flight flight(int from, int to) {
    int position = scratch.history.segments().get(from).position();
    int count = scratch.history.segments().get(to - 1).end() - position;
    Step step = new Step(new StepId(scratch.epoch, scratch.nextNumber++), position, count);
    return new Hop.Flight(step, from, to, Optional.empty(), Optional.empty());
  }

  /**
   * Whether the output of the stage before is to be pushed to this hop: only if it lacks the step.
   */
  private boolean takesPush(int index, int segment) {
    Hop hop = scratch.hops.get(index);
    return !hop.pushSources().isEmpty()
        && hop.next() == segment
        && scratch.history.known(hop.entrance()) <= segment
        && hop.flights().size() < scratch.config.window();
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

  private void send(int index, Hop.Flight flight, boolean withPayload) {
    Hop hop = scratch.hops.get(index);
    Payload payload = payload(hop, flight);
    int at = hop.indexOf(flight.step().id().number());
    Hop sent = hop.set(at, flight.sent(payload.digest()));
    scratch.hops.set(index, at == 0 ? sent.waiting(1, scratch.stepDeadline()) : sent);
    emit(index, flight, payload.digest(), withPayload ? Optional.of(payload) : Optional.empty());
  }

  /** Sends the payload of a step that was confirmed by digest. */
  void payloadAsked(RouteInput.PayloadAsked asked) {
    int index = scratch.indexOf(asked.relay());
    if (scratch.phase != RouteState.Phase.RUNNING
        || asked.step().epoch() != scratch.epoch
        || index < 0) {
      return;
    }
    Hop hop = scratch.hops.get(index);
    int at = hop.indexOf(asked.step().number());
    if (at >= 0 && hop.flights().get(at).isSent()) {
      sendAgain(index, hop.flights().get(at));
    }
  }

  /** Sends a step with its payload, whatever the hop has had of it. */
  void sendAgain(int index, Hop.Flight flight) {
    Payload payload = payload(scratch.hops.get(index), flight);
    emit(index, flight, payload.digest(), Optional.of(payload));
  }

  private void emit(int index, Hop.Flight flight, Digest digest, Optional<Payload> payload) {
    scratch.effects.add(
        new RouteEffect.Send(
            scratch.hops.get(index).relay(),
            flight.step(),
            nextPeers(index, flight.step().id().number()),
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
      nextPeers.add(new Peer(hop.relay(), hop.candidate().address(), hop.ticket().orElseThrow()));
    }
    return nextPeers;
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
