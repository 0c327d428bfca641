package io.baton.session.route;

import io.baton.session.model.Digest;
import io.baton.session.model.RelayId;
import io.baton.session.model.Source;
import io.baton.session.model.StepId;
import io.baton.session.route.RouteState.Phase;
import java.util.Optional;

/** Finds whose fault it is that a stage has other bytes than the client, and undoes it. */
final class Disagreements {

  private final RouteScratch scratch;
  private final Reputation reputation;
  private final Opening opening;
  private final Failures failures;
  private final Standbys standbys;

  Disagreements(
      RouteScratch scratch,
      Reputation reputation,
      Opening opening,
      Failures failures,
      Standbys standbys) {
    this.scratch = scratch;
    this.reputation = reputation;
    this.opening = opening;
    this.failures = failures;
    this.standbys = standbys;
  }

  /** A stage answers for other bytes than the client vouches for: nothing of it may stand. */
  void reject(int index, StepId step, Digest digest, Hop.Answer answer) {
    Hop hop = scratch.hops.get(index);
    if (hop.pushSources().isEmpty() || answer.source() == Source.CLIENT) {
      reputation.recordMismatch(hop.relay(), step, digest, answer.inputDigest(), hop.relay());
      failures.fail(index, "computed other bytes than it was sent");
      return;
    }
    RelayId before = scratch.hops.get(index - 1).relay();
    reputation.dispute(hop.relay(), step, digest, answer.inputDigest(), before);
    opening.reopen("mismatch at " + hop.candidate());
  }

  /**
   * A stage says that what a peer pushed is not what the client vouches for. That it may be the one
   * that lies is seen from what the client knows: which digest it sent, and who may push. For the
   * rest it is one word against another, and neither is believed: the two no longer exchange bytes
   * once that has happened often enough, and the client carries them.
   */
  void mismatchReported(RouteInput.MismatchReported report) {
    if (scratch.phase != Phase.RUNNING || report.step().epoch() != scratch.epoch) {
      return;
    }
    int index = scratch.indexOf(report.relay());
    if (index > 0) {
      hopReported(index, report);
    } else if (index < 0) {
      standbyReported(report);
    }
  }

  /** What a standby is pushed is no part of the chain: there is nothing to undo. */
  private void standbyReported(RouteInput.MismatchReported report) {
    int index = RouteScratch.indexOf(scratch.standbys, report.relay());
    if (index < 0 || scratch.standbys.get(index).indexOf(report.step().number()) < 0) {
      return;
    }
    Optional<String> lie = lie(scratch.standbys.get(index), report);
    if (lie.isPresent()) {
      recordLie(report);
      standbys.lost(report.relay(), lie.get());
    } else if (reputation.mayPush(report.from(), report.relay())) {
      // Beyond the bound it is heard no more, and asks for the payload as before.
      reputation.dispute(
          report.relay(), report.step(), report.client(), report.peer(), report.from());
    }
  }

  private void hopReported(int index, RouteInput.MismatchReported report) {
    Hop hop = scratch.hops.get(index);
    if (hop.indexOf(report.step().number()) < 0) {
      return;
    }
    Optional<String> lie = lie(hop, report);
    if (lie.isPresent()) {
      recordLie(report);
      failures.fail(index, lie.get());
      return;
    }
    RelayId before = scratch.hops.get(index - 1).relay();
    reputation.dispute(hop.relay(), report.step(), report.client(), report.peer(), before);
    if (!reputation.mayPush(before, hop.relay()) || report.rolledBack()) {
      opening.reopen("mismatch at " + hop.candidate());
    }
  }

  /** What shows that a report of a step under way cannot be true. */
  private static Optional<String> lie(Hop hop, RouteInput.MismatchReported report) {
    Hop.Flight flight = hop.flights().get(hop.indexOf(report.step().number()));
    if (!hop.pushSources().contains(report.from())) {
      return Optional.of("reports other bytes from a peer that may push none");
    }
    if (!flight.digest().equals(Optional.of(report.client()))) {
      return Optional.of("reports a mismatch with a digest that it was not sent");
    }
    return report.peer().equals(report.client())
        ? Optional.of("reports a mismatch of equal bytes")
        : Optional.empty();
  }

  private void recordLie(RouteInput.MismatchReported report) {
    reputation.recordMismatch(
        report.relay(), report.step(), report.client(), report.peer(), report.relay());
  }
}
