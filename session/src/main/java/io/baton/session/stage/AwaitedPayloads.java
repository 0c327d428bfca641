package io.baton.session.stage;

import io.baton.session.model.Payload;

/** Steps that the client has confirmed by digest and whose payload is not there yet. */
final class AwaitedPayloads {

  private final StageScratch scratch;
  private final StageOutbox out;

  AwaitedPayloads(StageScratch scratch, StageOutbox out) {
    this.scratch = scratch;
    this.out = out;
  }

  /** Asks for the payloads that no peer has brought in time. */
  void tick() {
    for (int i = 0; i < scratch.open.size(); i++) {
      if (scratch.open.get(i).progress() instanceof Progress.Awaiting(long deadline, boolean asked)
          && !asked
          && scratch.now - deadline >= 0) {
        scratch.open.set(i, ask(scratch.open.get(i)));
      }
    }
  }

  /** Asks at once for a payload that no peer will bring. */
  Entry ask(Entry entry) {
    if (entry.progress() instanceof Progress.Awaiting(long deadline, boolean asked) && !asked) {
      out.add(new StageEffect.AskPayload(entry.step().id()));
      return entry.with(new Progress.Awaiting(deadline, true));
    }
    return entry;
  }

  /** Fills a step with what the client brings, or asks for its payload once more. */
  Entry fill(Entry entry, Entry claim, boolean asked) {
    if (claim.progress() instanceof Progress.Ready(Payload payload)) {
      return entry.arrived(claim.peer(), payload, scratch.now);
    }
    if (asked) {
      out.add(new StageEffect.AskPayload(entry.step().id()));
    }
    return entry;
  }
}
