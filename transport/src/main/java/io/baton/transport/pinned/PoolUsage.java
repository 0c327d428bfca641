package io.baton.transport.pinned;

import java.util.Map;

/**
 * What a pool holds at one moment, exactly.
 *
 * @param capacity bytes that slots can be made of
 * @param largestFree bytes of the largest slot that could be reserved now, its header included
 * @param total of everything
 * @param byUse every use, also those without slots
 * @param byHolder every holder that has slots; history is among what it has
 */
public record PoolUsage(
    long capacity,
    long largestFree,
    Amount total,
    Map<PoolUse, Amount> byUse,
    Map<String, Amount> byHolder) {

  /**
   * What some slots come to.
   *
   * @param bytes that were asked for
   * @param reserved bytes, with headers and rounding
   */
  public record Amount(long bytes, long reserved, long slots) {

    public static final Amount NONE = new Amount(0, 0, 0);
  }

  public PoolUsage {
    byUse = Map.copyOf(byUse);
    byHolder = Map.copyOf(byHolder);
  }

  public long free() {
    return capacity - total.reserved();
  }

  /** The part of what is free that one slot could not have, from 0 to 1. */
  public double fragmentation() {
    return free() == 0 ? 0 : 1 - (double) largestFree / free();
  }
}
