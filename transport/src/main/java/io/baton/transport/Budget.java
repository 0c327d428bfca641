package io.baton.transport;

import java.util.concurrent.atomic.AtomicLong;

/** A bound on an amount, of bytes or of things. Any thread may use it; none ever waits. */
public final class Budget implements Room {

  private final long capacity;
  private final AtomicLong used = new AtomicLong();

  /**
   * @throws IllegalArgumentException if the capacity is negative
   */
  public Budget(long capacity) {
    if (capacity < 0) {
      throw new IllegalArgumentException("a budget of " + capacity);
    }
    this.capacity = capacity;
  }

  @Override
  public boolean tryTake(long amount, Share share) {
    long limit = share.of(capacity);
    long now = used.get();
    while (amount <= limit - now) {
      long witness = used.compareAndExchange(now, now + amount);
      if (witness == now) {
        return true;
      }
      now = witness;
    }
    return false;
  }

  @Override
  public void giveBack(long amount) {
    if (used.addAndGet(-amount) < 0) {
      throw new IllegalStateException("more given back than was taken");
    }
  }

  public long used() {
    return used.get();
  }

  public long capacity() {
    return capacity;
  }
}
