package io.baton.relay.exchange;

import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A slot that several groups of readers may share, each of whom is done with it at another time: it
 * counts as what it is to the one that needs it most. To be used in the loop alone.
 */
final class SlotShares {

  /** What needs it most comes first. */
  private static final List<PoolUse> ORDER =
      List.of(PoolUse.IN_USE, PoolUse.UNCLAIMED, PoolUse.HISTORY);

  private final Slot slot;
  private final Consumer<Slot> releaser;
  private final Map<PoolUse, Integer> uses = new EnumMap<>(PoolUse.class);

  SlotShares(Slot slot, Consumer<Slot> releaser) {
    this.slot = slot;
    this.releaser = releaser;
  }

  Slot slot() {
    return slot;
  }

  void change(@Nullable PoolUse from, PoolUse to, String holder) {
    forget(from);
    uses.merge(to, 1, Integer::sum);
    slot.charge(strongest(), holder);
  }

  /** Gives a reference back. */
  void leave(@Nullable PoolUse from) {
    forget(from);
    if (!uses.isEmpty()) {
      slot.charge(strongest());
    }
    releaser.accept(slot);
  }

  private void forget(@Nullable PoolUse use) {
    if (use != null) {
      uses.computeIfPresent(use, (_, count) -> count == 1 ? null : count - 1);
    }
  }

  private PoolUse strongest() {
    return ORDER.stream().filter(uses::containsKey).findFirst().orElse(PoolUse.UNCLAIMED);
  }
}
