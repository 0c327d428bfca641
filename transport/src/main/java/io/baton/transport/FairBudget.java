package io.baton.transport;

import io.baton.session.FairShare;
import java.util.HashMap;
import java.util.Map;

/**
 * A bound on an amount, of bytes or of things, of which each of several holders may have a fair
 * share. Any thread may use it; none ever waits.
 */
public final class FairBudget {

  private final long capacity;
  private final FairShare share;

  // Under the lock. Who holds nothing is not in it.
  private final Map<Object, Long> holders = new HashMap<>();
  private long used;

  /**
   * @throws IllegalArgumentException if the capacity is negative
   */
  public FairBudget(long capacity, FairShare share) {
    if (capacity < 0) {
      throw new IllegalArgumentException("a budget of " + capacity);
    }
    this.capacity = capacity;
    this.share = share;
  }

  /** Takes the amount for that holder, or nothing and answers false. */
  public boolean tryTake(Object holder, long amount) {
    return tryTake(holder, amount, capacity);
  }

  /** Takes the amount, or nothing if more than that of the whole would then be in use. */
  public synchronized boolean tryTake(Object holder, long amount, long upTo) {
    long own = holders.getOrDefault(holder, 0L);
    long left = Math.min(upTo, capacity) - used;
    // What is asked for counts as left by one, so that a small number of things can be used up.
    if (amount > left || !share.admits(own, amount, capacity - used - amount + 1)) {
      return false;
    }
    used += amount;
    set(holder, own + amount);
    return true;
  }

  /**
   * Returns what was taken.
   *
   * @throws IllegalStateException if more comes back than that holder has taken
   */
  public synchronized void giveBack(Object holder, long amount) {
    long own = holders.getOrDefault(holder, 0L) - amount;
    if (own < 0) {
      throw new IllegalStateException("%s gives back more than it took".formatted(holder));
    }
    used -= amount;
    set(holder, own);
  }

  private void set(Object holder, long own) {
    if (own == 0) {
      holders.remove(holder);
    } else {
      holders.put(holder, own);
    }
  }

  /** The part of this bound that one holder sees. */
  public Room of(Object holder) {
    return new Room() {
      @Override
      public boolean tryTake(long amount, Share part) {
        return FairBudget.this.tryTake(holder, amount, part.of(capacity));
      }

      @Override
      public void giveBack(long amount) {
        FairBudget.this.giveBack(holder, amount);
      }
    };
  }

  public synchronized long used() {
    return used;
  }

  public long capacity() {
    return capacity;
  }
}
