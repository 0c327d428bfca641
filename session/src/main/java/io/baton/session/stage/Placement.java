package io.baton.session.stage;

/** Gives a step its place among the open ones, and with it a computation if one was done for it. */
final class Placement {

  private final StageScratch scratch;
  private final StageOutbox out;

  Placement(StageScratch scratch, StageOutbox out) {
    this.scratch = scratch;
    this.out = out;
  }

  /** Puts a step after the last one of this epoch, taking over a computation if there is one. */
  void place(Entry fresh) {
    int carried = scratch.carriedFrom();
    int match = carried;
    while (match < scratch.open.size()
        && scratch.open.get(match).step().count() == 0
        && fresh.step().count() > 0) {
      match++;
    }
    if (match < scratch.open.size() && scratch.open.get(match).isSameInput(fresh)) {
      scratch.open.subList(carried, match).clear();
      adopt(carried, fresh);
    } else {
      scratch.truncate(carried);
      scratch.open.add(fresh);
    }
  }

  /** Gives the computation of another step to this one. */
  void adopt(int index, Entry claim) {
    Entry entry = scratch.open.get(index).claimedBy(claim);
    scratch.open.set(index, entry);
    if (entry.progress() instanceof Progress.Done done) {
      out.deliver(entry, done);
    }
  }
}
