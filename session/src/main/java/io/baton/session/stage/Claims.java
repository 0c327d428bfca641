package io.baton.session.stage;

import io.baton.session.model.Refusal;
import io.baton.session.model.Step;
import java.util.List;
import java.util.Optional;

/**
 * Weighs a claim, which is a step in the client's own words, against the steps that are already
 * here. It confirms what is the same; where it is not, it stands above a peer's word, and below an
 * earlier claim.
 */
final class Claims {

  private final StageScratch scratch;
  private final StageOutbox out;
  private final Placement placement;
  private final AwaitedPayloads awaited;

  Claims(StageScratch scratch, StageOutbox out, Placement placement, AwaitedPayloads awaited) {
    this.scratch = scratch;
    this.out = out;
    this.placement = placement;
    this.awaited = awaited;
  }

  void claim(Entry claim) {
    Step step = claim.step();
    int index = scratch.indexOfOpen(step.id());
    if (index >= 0) {
      claimKnown(index, claim);
      return;
    }
    Optional<Entry> recorded = scratch.recorded(step.id());
    if (recorded.isPresent()) {
      answerAgain(recorded.get(), claim);
    } else if (step.id().number() <= scratch.settledNumber) {
      out.refuse(
          step.id(),
          Refusal.STEP_SETTLED,
          "step %s is settled and its answer is no longer kept".formatted(step.id()));
    } else {
      claimNew(claim);
    }
  }

  /** The client speaks of a step that is already here. */
  private void claimKnown(int index, Entry claim) {
    Entry entry = scratch.open.get(index);
    boolean same = entry.isSameInput(claim);
    if (entry.confirmed()) {
      answerAgain(entry, claim);
      if (same && entry.progress() instanceof Progress.Awaiting(long _, boolean asked)) {
        scratch.open.set(index, awaited.fill(entry, claim, asked));
      }
    } else if (same) {
      scratch.open.set(index, entry.claimedBy(claim));
    } else if (entry.covers(claim.step())) {
      overrule(index, claim);
    } else {
      // A peer has put other tokens under the client's number.
      scratch.truncate(index);
      out.reportMismatch(entry, claim);
      claimNew(claim);
    }
  }

  /**
   * Repeats the answer to a step that the client has already confirmed; the first confirmation
   * stands.
   */
  private void answerAgain(Entry entry, Entry claim) {
    if (!entry.isSameInput(claim)) {
      out.refuse(
          claim.step().id(),
          Refusal.CONFLICT,
          "step %s was confirmed as %s with digest %s"
              .formatted(claim.step().id(), entry.step(), entry.input()));
    } else if (entry.progress() instanceof Progress.Done done) {
      out.respond(entry, done);
    }
  }

  /** A step that is heard of for the first time, from the client. */
  private void claimNew(Entry claim) {
    Step step = claim.step();
    if (step.position() < scratch.settled) {
      out.refuse(
          step.id(),
          Refusal.REWIND_NEEDS_EPOCH,
          "step %s begins at %d, before the settled length %d: announce a newer epoch"
              .formatted(step.id(), step.position(), scratch.settled));
      return;
    }
    if (step.position() > scratch.epochEnd()) {
      out.refuseGap(step);
      return;
    }
    int overlap = scratch.firstFrom(step.position());
    int carried = scratch.carriedFrom();
    if (overlap < carried) {
      claimOver(overlap, claim);
    } else if (carried >= scratch.config.limits().waiting()) {
      out.refuse(
          step.id(),
          Refusal.TOO_MANY_STEPS,
          "%d steps are waiting at this stage".formatted(carried));
    } else {
      placement.place(claim);
    }
  }

  /** A new step of the client covers tokens that steps of this epoch already cover. */
  private void claimOver(int index, Entry claim) {
    Step step = claim.step();
    if (scratch.open.subList(index, scratch.carriedFrom()).stream().anyMatch(Entry::confirmed)) {
      out.refuse(
          step.id(),
          Refusal.REWIND_NEEDS_EPOCH,
          "step %s begins at %d, before steps already confirmed: announce a newer epoch"
              .formatted(step.id(), step.position()));
      return;
    }
    // What is there came from peers under other numbers, and the client's word stands above theirs.
    Entry entry = scratch.open.get(index);
    if (entry.isSameInput(claim)) {
      placement.adopt(index, claim);
    } else if (entry.covers(step)) {
      overrule(index, claim);
    } else {
      scratch.truncate(index);
      out.reportMismatch(entry, claim);
      if (entry.step().position() == step.position()) {
        placement.place(claim);
      } else {
        out.refuseGap(step);
      }
    }
  }

  /** The client's digest is not that of what a peer has brought: the client wins. */
  private void overrule(int index, Entry claim) {
    Entry rejected = scratch.open.get(index);
    List<Entry> later = List.copyOf(scratch.open.subList(index + 1, scratch.carriedFrom()));
    scratch.truncate(index);
    out.reportMismatch(rejected, claim);
    scratch.open.add(awaited.ask(claim));
    for (Entry entry : later) {
      if (!entry.confirmed()) {
        break;
      }
      // Confirmed, but computed on top of what was rejected.
      scratch.open.add(
          entry.progress() instanceof Progress.Ready
              ? entry
              : awaited.ask(entry.with(new Progress.Awaiting(scratch.now, false))));
    }
  }
}
