package io.baton.session.stage;

import io.baton.session.model.Payload;
import io.baton.session.model.Step;
import java.util.List;
import java.util.Optional;

/** Takes in what peers push: it can make the stage compute early, and settles nothing. */
final class PeerArrivals {

  private final StageScratch scratch;
  private final StageOutbox out;
  private final Admission admission;
  private final Placement placement;
  private final AwaitedPayloads awaited;

  PeerArrivals(
      StageScratch scratch,
      StageOutbox out,
      Admission admission,
      Placement placement,
      AwaitedPayloads awaited) {
    this.scratch = scratch;
    this.out = out;
    this.admission = admission;
    this.placement = placement;
    this.awaited = awaited;
  }

  void push(StageInput.PeerPush message) {
    Step step = message.push().step();
    if (step.id().epoch() < scratch.epoch) {
      out.drop(message, DropReason.STALE_EPOCH);
    } else if (!admission.admits(message.push())) {
      out.drop(message, DropReason.BAD_TENSOR);
    } else if (step.id().epoch() > scratch.epoch) {
      // Whether its sender may push is known once the client has announced the epoch.
      park(message);
    } else if (!scratch.pushSources.contains(message.from())) {
      out.drop(message, DropReason.NOT_PREVIOUS);
    } else {
      pushInEpoch(message);
    }
  }

  private void pushInEpoch(StageInput.PeerPush message) {
    Step step = message.push().step();
    int index = scratch.indexOfOpen(step.id());
    if (index >= 0) {
      scratch.open.set(index, pushAgain(scratch.open.get(index), message));
      return;
    }
    Optional<Entry> recorded = scratch.recorded(step.id());
    if (recorded.isPresent()) {
      pushAgain(recorded.get(), message);
    } else if (step.id().number() <= scratch.settledNumber
        || step.position() < scratch.epochEnd()) {
      out.drop(message, DropReason.OVERLAP);
    } else if (step.position() > scratch.epochEnd()) {
      park(message);
    } else if (scratch.unconfirmed() >= scratch.config.limits().speculation()
        || scratch.carriedFrom() >= scratch.config.limits().waiting()) {
      out.drop(message, DropReason.SPECULATION_LIMIT);
    } else {
      placement.place(entry(message));
    }
  }

  private Entry entry(StageInput.PeerPush message) {
    Payload payload = message.push().payload();
    return new Entry(
        message.push().step(),
        payload.digest(),
        Optional.of(message.from()),
        false,
        message.push().nextPeers(),
        scratch.now,
        new Progress.Ready(payload));
  }

  /** A push for a step that is already here; returns what becomes of the step. */
  private Entry pushAgain(Entry entry, StageInput.PeerPush message) {
    Payload payload = message.push().payload();
    boolean same = entry.covers(message.push().step()) && entry.input().equals(payload.digest());
    if (same && entry.progress() instanceof Progress.Awaiting) {
      return entry.arrived(Optional.of(message.from()), payload, scratch.now);
    }
    if (same) {
      out.drop(message, DropReason.DUPLICATE);
      return entry;
    }
    out.drop(message, DropReason.CONTRADICTS_EARLIER);
    if (!entry.confirmed() || entry.input().equals(payload.digest())) {
      // Of the same bytes for other tokens, there is no evidence to keep.
      return entry;
    }
    out.add(
        new StageEffect.ReportMismatch(
            entry.step().id(),
            entry.input(),
            payload.digest(),
            message.from(),
            false,
            scratch.currentLength()));
    return awaited.ask(entry);
  }

  /** Keeps a push that has come too early. */
  private void park(StageInput.PeerPush message) {
    StageConfig.Limits limits = scratch.config.limits();
    long bytes = message.push().payload().bytes();
    for (StageInput.PeerPush other : scratch.parked) {
      bytes += other.push().payload().bytes();
    }
    if (scratch.parked.size() >= limits.parked() || bytes > limits.parkedBytes()) {
      out.drop(message, DropReason.PARKING_FULL);
    } else if (scratch.parked.contains(message)) {
      out.drop(message, DropReason.DUPLICATE);
    } else {
      scratch.parked.add(message);
    }
  }

  /** Uses the parked pushes whose turn has come, until none is left of which that is true. */
  void unpark() {
    boolean changed = true;
    while (changed) {
      changed = false;
      for (StageInput.PeerPush message : List.copyOf(scratch.parked)) {
        if (message.push().step().id().epoch() < scratch.epoch) {
          scratch.parked.remove(message);
          out.drop(message, DropReason.STALE_EPOCH);
        } else if (isDue(message.push().step())) {
          scratch.parked.remove(message);
          push(message);
          changed = true;
        }
      }
    }
  }

  private boolean isDue(Step step) {
    return step.id().epoch() == scratch.epoch
        && (step.position() <= scratch.epochEnd() || scratch.indexOfOpen(step.id()) >= 0);
  }
}
