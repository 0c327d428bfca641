package io.baton.session.stage;

import io.baton.session.model.Peer;
import io.baton.session.model.Refusal;
import io.baton.session.model.RelayId;
import io.baton.session.model.StageRole;
import io.baton.session.model.Step;
import io.baton.session.model.StepId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The effects of one run, and the words in which they are put. */
final class StageOutbox {

  private final StageScratch scratch;
  private final List<StageEffect> effects = new ArrayList<>();

  StageOutbox(StageScratch scratch) {
    this.scratch = scratch;
  }

  List<StageEffect> effects() {
    return effects;
  }

  void add(StageEffect effect) {
    effects.add(effect);
  }

  /**
   * Hands the output to the next stage, first, because the client has further to go with it; and to
   * the next stage's standby last, because nobody waits for that.
   */
  void deliver(Entry entry, Progress.Done done) {
    Optional<Peer> next =
        scratch.role == StageRole.ACTIVE
            ? entry.nextPeers().stream().findFirst()
            : Optional.empty();
    next.ifPresent(
        peer ->
            push(
                entry,
                done,
                peer,
                entry.nextPeers().subList(1, entry.nextPeers().size()),
                StageRole.ACTIVE));
    respond(entry, done);
    next.flatMap(Peer::standby)
        .ifPresent(standby -> push(entry, done, standby, List.of(), StageRole.STANDBY));
  }

  private void push(
      Entry entry, Progress.Done done, Peer to, List<Peer> nextPeers, StageRole receiver) {
    add(new StageEffect.PushOutput(entry.step(), to, nextPeers, done.output(), receiver));
  }

  void respond(Entry entry, Progress.Done done) {
    if (scratch.role == StageRole.STANDBY) {
      add(
          new StageEffect.Absorbed(
              entry.step(), entry.source(), entry.input(), scratch.currentLength()));
      return;
    }
    add(
        new StageEffect.Respond(
            entry.step(),
            entry.source(),
            entry.input(),
            done.output(),
            scratch.currentLength(),
            done.stageNanos(),
            done.computeNanos()));
  }

  /**
   * Reports that {@code rejected}, if a peer brought it, is not what the client claims. If it has
   * been answered for, the client has to fence what came of it.
   */
  void reportMismatch(Entry rejected, Entry claim) {
    rejected
        .peer()
        .ifPresent(
            peer ->
                add(
                    new StageEffect.ReportMismatch(
                        claim.step().id(),
                        claim.input(),
                        rejected.input(),
                        peer,
                        rejected.isDone(),
                        scratch.currentLength())));
  }

  void refuseStale(StepId step) {
    refuse(
        step,
        Refusal.STALE_EPOCH,
        "epoch %d is over: the session is at %d".formatted(step.epoch(), scratch.epoch));
  }

  void refuseGap(Step step) {
    refuse(
        step.id(),
        Refusal.GAP,
        "step %s begins at %d, and the next one here is at %d"
            .formatted(step.id(), step.position(), scratch.epochEnd()));
  }

  void refuse(StepId step, Refusal reason, String message) {
    add(new StageEffect.Refuse(step, reason, message, scratch.currentLength()));
  }

  void drop(StageInput.PeerPush message, DropReason reason) {
    drop(message.from(), message.push().step().id(), reason);
  }

  void drop(RelayId from, StepId step, DropReason reason) {
    add(new StageEffect.Dropped(from, step, reason));
  }
}
