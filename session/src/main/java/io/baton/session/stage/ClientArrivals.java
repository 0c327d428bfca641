package io.baton.session.stage;

import io.baton.session.model.Refusal;
import io.baton.session.model.StepId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Takes in what the client says: it fences epochs, and every step of it that stands is a claim. */
final class ClientArrivals {

  private final StageScratch scratch;
  private final StageOutbox out;
  private final Admission admission;
  private final Claims claims;

  ClientArrivals(StageScratch scratch, StageOutbox out, Admission admission, Claims claims) {
    this.scratch = scratch;
    this.out = out;
    this.admission = admission;
    this.claims = claims;
  }

  void announce(StageInput.Announce announce) {
    if (announce.epoch() < scratch.epoch) {
      out.refuseStale(new StepId(announce.epoch(), 0));
      return;
    }
    if (announce.epoch() > scratch.epoch) {
      raiseEpoch(announce.epoch(), announce.length());
    }
    scratch.pushSources = announce.pushSources();
    scratch.role = announce.role();
    out.add(new StageEffect.Opened(scratch.epoch, scratch.settled));
  }

  void step(StageInput.ClientStep message) {
    StepId id = message.step().id();
    if (id.epoch() < scratch.epoch) {
      out.refuseStale(id);
      return;
    }
    if (!admission.admits(message)) {
      return;
    }
    if (id.epoch() > scratch.epoch) {
      raiseEpoch(id.epoch(), message.step().position());
    }
    claims.claim(claim(message));
  }

  /** The relay cannot keep what comes with it. */
  void noRoom(StepId id) {
    if (id.epoch() < scratch.epoch) {
      out.refuseStale(id);
    } else {
      out.refuse(id, Refusal.NO_ROOM, "the relay's sessions hold as much as they may");
    }
  }

  private Entry claim(StageInput.ClientStep message) {
    return new Entry(
        message.step(),
        message.digest(),
        Optional.empty(),
        true,
        message.nextPeers(),
        scratch.now,
        message
            .payload()
            .<Progress>map(Progress.Ready::new)
            .orElseGet(
                () ->
                    new Progress.Awaiting(
                        scratch.now + scratch.config.limits().graceNanos(), false)));
  }

  /** Fences the older epochs; what the client does not vouch for any more becomes provisional. */
  private void raiseEpoch(long epoch, int length) {
    scratch.epoch = epoch;
    List<Entry> provisional = new ArrayList<>();
    if (length < scratch.settled) {
      provisional.addAll(unsettle(length));
    }
    provisional.addAll(scratch.open);
    scratch.open.clear();
    int end = scratch.settled;
    for (Entry entry : provisional) {
      if (entry.step().position() != end || entry.progress() instanceof Progress.Awaiting) {
        break;
      }
      scratch.open.add(entry.with(false));
      end = entry.step().end();
    }
  }

  /** Takes back the settlement of the tokens from {@code length} on; returns their steps. */
  private List<Entry> unsettle(int length) {
    List<Entry> unsettled = new ArrayList<>();
    for (Entry entry : scratch.recorded) {
      if (entry.step().position() >= length && entry.step().count() > 0) {
        unsettled.add(entry);
      }
    }
    scratch.recorded.removeIf(entry -> entry.step().end() > length);
    scratch.settled = length;
    return unsettled;
  }
}
