package io.baton.session.route;

import io.baton.session.model.Digest;
import io.baton.session.model.Finiteness;
import io.baton.session.model.Payload;
import io.baton.session.model.PayloadOperations;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.session.route.RouteState.Phase;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;

/** Checks what the hops answer to steps, in order, and learns from it what the next hop needs. */
final class Answers {

  private final RouteScratch scratch;
  private final PayloadOperations operations;
  private final Pump pump;
  private final Failures failures;
  private final Disagreements disagreements;

  Answers(
      RouteScratch scratch,
      PayloadOperations operations,
      Pump pump,
      Failures failures,
      Disagreements disagreements) {
    this.scratch = scratch;
    this.operations = operations;
    this.pump = pump;
    this.failures = failures;
    this.disagreements = disagreements;
  }

  void answered(RouteInput.Answered answer) {
    int index = scratch.indexOf(answer.relay());
    if (scratch.phase != Phase.RUNNING
        || answer.step().id().epoch() != scratch.epoch
        || index < 0) {
      return;
    }
    Hop hop = scratch.hops.get(index);
    int at = hop.indexOf(answer.step().id().number());
    if (at < 0) {
      return;
    }
    Hop.Flight flight = hop.flights().get(at);
    if (isOfWrongShape(hop, flight, answer)) {
      failures.fail(
          index,
          "answered %s with %s for %s, which takes %s"
              .formatted(
                  flight.step(),
                  answer.output().activations().spec(),
                  answer.step(),
                  expected(hop, flight)));
      return;
    }
    Hop.Answer kept =
        new Hop.Answer(answer.source(), answer.inputDigest(), Optional.of(answer.output()));
    scratch.hops.set(index, hop.set(at, flight.answered(kept)));
    absorb(index);
  }

  private static boolean isOfWrongShape(Hop hop, Hop.Flight flight, RouteInput.Answered answer) {
    return !answer.step().equals(flight.step())
        || !answer.output().activations().spec().equals(expected(hop, flight));
  }

  private static TensorSpec expected(Hop hop, Hop.Flight flight) {
    return hop.candidate().stage().outputRow().withRows(flight.step().count());
  }

  /** Takes in the answers whose turn has come, here and, with what they teach, further down. */
  private void absorb(int index) {
    for (int at = index; at < scratch.hops.size() && scratch.phase == Phase.RUNNING; at++) {
      pump.pump(at);
      while (scratch.phase == Phase.RUNNING && takeAnswer(at)) {
        pump.pump(at);
      }
    }
  }

  /** Checks and takes in the answer to the first flight, if it is there and can be checked. */
  private boolean takeAnswer(int index) {
    Hop hop = scratch.hops.get(index);
    if (hop.flights().isEmpty()) {
      return false;
    }
    Hop.Flight flight = hop.flights().getFirst();
    if (flight.answer().isEmpty() || flight.digest().isEmpty()) {
      return false;
    }
    Hop.Answer answer = flight.answer().get();
    Digest digest = flight.digest().get();
    if (!answer.inputDigest().equals(digest)) {
      disagreements.reject(index, flight.step().id(), digest, answer);
      return false;
    }
    Optional<String> wrong = whatIsWrong(hop, flight, answer.output().orElseThrow());
    if (wrong.isPresent()) {
      failures.fail(index, "answered %s with %s".formatted(flight.step(), wrong.get()));
      return false;
    }
    Hop rest = hop.withoutFirst();
    scratch.hops.set(index, rest.waiting(1, scratch.stepDeadline(rest)));
    scratch.held.put(hop.relay(), flight.step().end());
    count(index, flight, answer);
    learn(index, flight, answer.output().orElseThrow());
    return true;
  }

  /**
   * What can be seen of an output alone, once its input is known to be the right one. Looked at
   * here, at the client, for each stage: it has every output anyway, its word decides, and so the
   * first stage that goes wrong is known by name.
   */
  private Optional<String> whatIsWrong(Hop hop, Hop.Flight flight, Payload output) {
    if (!Finiteness.of(output.activations())) {
      return Optional.of("activations that are no numbers: NaN or infinite");
    }
    boolean single = flight.to() - flight.from() == 1;
    SortedMap<String, Tensor> given =
        single
            ? scratch.history.input(hop.entrance(), flight.from()).sideInputs()
            : Collections.emptySortedMap();
    return output.sideInputs().equals(given)
        ? Optional.empty()
        : Optional.of("other side inputs than it was given");
  }

  private void count(int index, Hop.Flight flight, Hop.Answer answer) {
    if (flight.from() < scratch.history.accepted()) {
      scratch.stats = scratch.stats.withReplayed(flight.step().count());
    } else if (index > 0) {
      scratch.stats = scratch.stats.withStep(answer.source());
    }
  }

  /**
   * Keeps of a checked output what the client did not have yet; the rest of a replay's output is
   * trimmed here.
   */
  private void learn(int index, Hop.Flight flight, Payload output) {
    int exit = scratch.hops.get(index).exit();
    for (int segment = flight.from(); segment < flight.to(); segment++) {
      boolean isNew = segment == scratch.known(scratch.hops.get(index).candidate());
      if (!isNew) {
        continue;
      }
      Payload part = part(flight, segment, output);
      if (exit == scratch.config.layers()) {
        accept(part);
      } else {
        scratch.history = scratch.history.learn(exit, part);
      }
    }
  }

  /** The rows of a flight's output that are those of one of its segments. */
  private Payload part(Hop.Flight flight, int segment, Payload output) {
    if (flight.to() - flight.from() == 1) {
      return output;
    }
    History.Segment tokens = scratch.history.segments().get(segment);
    return operations.rows(output, tokens.position() - flight.step().position(), tokens.count());
  }

  /** The chain's result is checked from end to end: the application gets it. */
  private void accept(Payload output) {
    int position = scratch.history.segments().get(scratch.history.accepted()).position();
    scratch.history = scratch.history.accept();
    // A step of no tokens is gone from the history, and with it what replacements still do for it.
    scratch.hops.replaceAll(hop -> hop.upTo(scratch.history.segments().size()));
    scratch.standbys.replaceAll(hop -> hop.upTo(scratch.history.segments().size()));
    scratch.hops.forEach(hop -> scratch.bans.remove(hop.relay()));
    scratch.trials = Trials.NONE;
    long id = scratch.request.orElseThrow();
    scratch.request = Optional.empty();
    scratch.effects.add(new RouteEffect.Accepted(id, position, output));
  }
}
