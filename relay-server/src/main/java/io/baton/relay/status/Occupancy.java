package io.baton.relay.status;

import io.baton.proto.v1.PoolAmount;
import io.baton.proto.v1.PoolHolder;
import io.baton.proto.v1.PoolStatus;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.Pinning;
import io.baton.transport.pinned.PoolUsage;
import io.baton.transport.pinned.PoolUsage.Amount;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** What a pool is taken by. */
public final class Occupancy {

  /** The others are summed up. */
  static final int HOLDERS = 32;

  private Occupancy() {}

  /** At this moment, exactly. */
  public static PoolStatus of(PinnedPool pool) {
    PoolUsage usage = pool.usage();
    PoolStatus.Builder status =
        PoolStatus.newBuilder()
            .setPath(pool.path().toString())
            .setBytes(pool.size())
            .setCapacity(usage.capacity())
            .setFree(usage.free())
            .setLargestFree(usage.largestFree())
            .setFragmentation(usage.fragmentation())
            .setPushShare(pool.config().pushShare())
            .setTotal(wire(usage.total()));
    switch (pool.pinning()) {
      case Pinning.Locked() -> status.setLocked(true);
      case Pinning.NotLocked(String reason) -> status.setNotLockedBecause(Words.shortened(reason));
    }
    usage.byUse().forEach((use, amount) -> status.putByUse(Words.of(use), wire(amount)));
    addHolders(usage.byHolder(), status);
    return status.build();
  }

  private static void addHolders(Map<String, Amount> byHolder, PoolStatus.Builder status) {
    List<Map.Entry<String, Amount>> holders =
        byHolder.entrySet().stream()
            .sorted(
                Comparator.comparingLong(
                        (Map.Entry<String, Amount> holder) -> -holder.getValue().reserved())
                    .thenComparing(Map.Entry.comparingByKey()))
            .toList();
    holders.stream()
        .limit(HOLDERS)
        .map(
            holder ->
                PoolHolder.newBuilder()
                    .setName(Words.shortened(holder.getKey()))
                    .setAmount(wire(holder.getValue())))
        .forEach(status::addByHolder);
    status.setOtherHolders(Math.max(0, holders.size() - HOLDERS));
    status.setOthers(
        wire(
            holders.stream()
                .skip(HOLDERS)
                .map(Map.Entry::getValue)
                .reduce(Amount.NONE, Occupancy::plus)));
  }

  private static Amount plus(Amount one, Amount other) {
    return new Amount(
        one.bytes() + other.bytes(),
        one.reserved() + other.reserved(),
        one.slots() + other.slots());
  }

  private static PoolAmount wire(Amount amount) {
    return PoolAmount.newBuilder()
        .setBytes(amount.bytes())
        .setReserved(amount.reserved())
        .setSlots(amount.slots())
        .build();
  }
}
