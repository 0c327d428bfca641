package io.baton.session.stage;

/** Settles the first open steps once they are confirmed and computed. */
final class Settlement {

  private final StageScratch scratch;

  Settlement(StageScratch scratch) {
    this.scratch = scratch;
  }

  void settle() {
    passOver();
    while (!scratch.open.isEmpty() && isSettled(scratch.open.getFirst())) {
      record(scratch.open.removeFirst());
    }
  }

  private boolean isSettled(Entry entry) {
    return entry.in(scratch.epoch) && entry.confirmed() && entry.isDone();
  }

  private void record(Entry entry) {
    scratch.settled = entry.step().end();
    scratch.settledNumber = Math.max(scratch.settledNumber, entry.step().id().number());
    scratch.recorded.add(entry);
    if (scratch.recorded.size() > scratch.config.limits().recorded()) {
      scratch.recorded.removeFirst();
    }
  }

  /**
   * Forgets the steps of no tokens that the client has gone past without a word on them: a forged
   * one would hold up for good everything that comes after it.
   */
  private void passOver() {
    boolean confirmedLater = false;
    for (int i = scratch.carriedFrom() - 1; i >= 0; i--) {
      Entry entry = scratch.open.get(i);
      if (confirmedLater && !entry.confirmed() && entry.step().count() == 0) {
        scratch.open.remove(i);
      }
      confirmedLater |= entry.confirmed();
    }
  }
}
