package io.baton.session.route;

import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.RelayId;
import io.baton.session.model.Source;
import io.baton.session.model.Step;
import io.baton.session.model.Ticket;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A stage of the route, in the current epoch.
 *
 * @param openLength the length that the stage was told at its opening
 * @param pushSources the relays that may push into it in this epoch: the hop before, or none
 * @param ticket what the stage issued when it opened; empty until then
 * @param next the first segment that the stage neither has nor has been sent, by the client or by a
 *     peer
 * @param flights what is under way at the stage, in order
 * @param attempts sendings of what the deadline is for
 * @param deadlineNanos for the opening, or for the answer to the first flight if that has been sent
 * @param advance what the stage has said about getting on with that
 */
record Hop(
    Candidate candidate,
    int openLength,
    Set<RelayId> pushSources,
    Optional<Ticket> ticket,
    int next,
    List<Flight> flights,
    int attempts,
    long deadlineNanos,
    Advance advance) {

  /**
   * Segments {@code [from, to)} under way at a stage as one step.
   *
   * @param digest of the input, from when the client has sent or confirmed it; until then a peer is
   *     expected to bring it
   * @param answer the stage's, kept until it can be checked
   * @param asks how often the stage has asked for the payload
   */
  record Flight(
      Step step, int from, int to, Optional<Digest> digest, Optional<Answer> answer, int asks) {

    boolean isSent() {
      return digest.isPresent();
    }

    Flight sent(Digest input) {
      return new Flight(step, from, to, Optional.of(input), answer, asks);
    }

    Flight answered(Answer given) {
      return new Flight(step, from, to, digest, Optional.of(given), asks);
    }

    Flight unanswered() {
      return new Flight(step, from, to, digest, Optional.empty(), asks);
    }

    Flight asked() {
      return new Flight(step, from, to, digest, answer, asks + 1);
    }
  }

  /**
   * What a stage has answered.
   *
   * @param output empty if the stage stands by
   */
  record Answer(Source source, Digest inputDigest, Optional<Payload> output) {}

  Hop {
    pushSources = Set.copyOf(pushSources);
    flights = List.copyOf(flights);
  }

  /** A stage that is told of the epoch now, for the first time. */
  static Hop told(
      Candidate candidate, int openLength, Set<RelayId> pushSources, long deadlineNanos) {
    return new Hop(
        candidate,
        openLength,
        pushSources,
        Optional.empty(),
        0,
        List.of(),
        1,
        deadlineNanos,
        Advance.NONE);
  }

  RelayId relay() {
    return candidate.relay();
  }

  /** Whether this can stand in for a hop as it is. */
  boolean isFor(Hop hop) {
    return candidate.span().equals(hop.candidate.span());
  }

  /** The boundary at which the stage's input enters. */
  int entrance() {
    return candidate.span().first();
  }

  /** The boundary at which its output enters the next. */
  int exit() {
    return candidate.span().end();
  }

  boolean isOpen() {
    return ticket.isPresent();
  }

  /** Whether an answer is due: the opening's, or that of the first flight. */
  boolean isWaiting() {
    return !isOpen() || (!flights.isEmpty() && flights.getFirst().isSent());
  }

  int indexOf(long number) {
    for (int i = 0; i < flights.size(); i++) {
      if (flights.get(i).step().id().number() == number) {
        return i;
      }
    }
    return -1;
  }

  Optional<Flight> firstUnsent() {
    return flights.stream().filter(flight -> !flight.isSent()).findFirst();
  }

  Hop opened(Ticket issued, int firstMissing) {
    return with(Optional.of(issued), firstMissing, flights, 0, 0, Advance.NONE);
  }

  Hop add(Flight flight) {
    List<Flight> more = new ArrayList<>(flights);
    more.add(flight);
    return with(ticket, flight.to(), more, attempts, deadlineNanos, advance);
  }

  Hop set(int index, Flight flight) {
    List<Flight> changed = new ArrayList<>(flights);
    changed.set(index, flight);
    return with(ticket, next, changed, attempts, deadlineNanos, advance);
  }

  Hop withoutFirst() {
    return with(ticket, next, flights.subList(1, flights.size()), 0, deadlineNanos, Advance.NONE);
  }

  /** With the first attempt begins what the stage has not said anything about yet. */
  Hop waiting(int attempt, long deadline) {
    return with(ticket, next, flights, attempt, deadline, attempt == 1 ? Advance.NONE : advance);
  }

  /** It has said how it gets on. */
  Hop heard(Advance told, long deadline) {
    return with(ticket, next, flights, attempts, deadline, told);
  }

  /** Forgets what is under way beyond the first {@code segments}. */
  Hop upTo(int segments) {
    return next <= segments
        ? this
        : with(
            ticket,
            segments,
            flights.stream().filter(flight -> flight.to() <= segments).toList(),
            attempts,
            deadlineNanos,
            advance);
  }

  private Hop with(
      Optional<Ticket> issued,
      int first,
      List<Flight> underWay,
      int sendings,
      long deadline,
      Advance told) {
    return new Hop(
        candidate, openLength, pushSources, issued, first, underWay, sendings, deadline, told);
  }
}
