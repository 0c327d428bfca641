package io.baton.relay.exchange;

import io.baton.transport.Deadlines;
import io.baton.transport.pinned.Slot;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Slots that are not given to others for some seconds, because somebody who was lost may live, and
 * not know it yet: he may still read them, or write. What is here when the relay stops stays as it
 * is, and goes with the pool. To be used in the loop alone.
 */
final class Quarantine {

  /** Enough to notice a loss, and to end a copy that is under way. */
  static final Duration LASTS = Duration.ofSeconds(5);

  private final Deadlines deadlines;
  private final LongSupplier nanoTime;
  private final Consumer<Slot> releaser;

  Quarantine(Deadlines deadlines, LongSupplier nanoTime, Consumer<Slot> releaser) {
    this.deadlines = deadlines;
    this.nanoTime = nanoTime;
    this.releaser = releaser;
  }

  /** Takes a reference for so long, unless the slot is free already. */
  void keep(Slot slot) {
    if (slot.tryRetain()) {
      deadlines.at(nanoTime.getAsLong() + LASTS.toNanos(), () -> releaser.accept(slot));
    }
  }
}
