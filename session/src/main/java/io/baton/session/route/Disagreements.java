package io.baton.session.route;

import io.baton.session.model.Digest;
import io.baton.session.model.RelayId;
import io.baton.session.model.Source;
import io.baton.session.model.StepId;
import io.baton.session.route.RouteState.Phase;

/** Finds whose fault it is that a stage has other bytes than the client, and undoes it. */
final class Disagreements {

  private final RouteScratch scratch;
  private final Reputation reputation;
  private final Opening opening;
  private final Failures failures;

  Disagreements(RouteScratch scratch, Reputation reputation, Opening opening, Failures failures) {
    this.scratch = scratch;
    this.reputation = reputation;
    this.opening = opening;
    this.failures = failures;
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
    reputation.blame(hop.relay(), step, digest, answer.inputDigest(), before);
    opening.reopen("mismatch at " + hop.candidate());
  }

  void mismatchReported(RouteInput.MismatchReported report) {
    if (scratch.phase != Phase.RUNNING || report.step().epoch() != scratch.epoch) {
      return;
    }
    int index = scratch.indexOf(report.relay());
    if (index < 0) {
      standbyReported(report);
    } else if (index > 0) {
      hopReported(index, report);
    }
  }

  /** What a standby is pushed is no part of the chain: there is nothing to undo. */
  private void standbyReported(RouteInput.MismatchReported report) {
    if (RouteScratch.indexOf(scratch.standbys, report.relay()) >= 0) {
      reputation.recordMismatch(
          report.relay(), report.step(), report.client(), report.peer(), report.from());
    }
  }

  private void hopReported(int index, RouteInput.MismatchReported report) {
    Hop hop = scratch.hops.get(index);
    if (hop.pushSources().isEmpty()) {
      failures.fail(index, "reports other bytes from a peer, and takes none from any");
      return;
    }
    RelayId before = scratch.hops.get(index - 1).relay();
    reputation.blame(hop.relay(), report.step(), report.client(), report.peer(), before);
    boolean underWay = hop.indexOf(report.step().number()) >= 0;
    if (!reputation.mayPush(before) || (underWay && report.rolledBack())) {
      opening.reopen("mismatch at " + hop.candidate());
    }
  }
}
