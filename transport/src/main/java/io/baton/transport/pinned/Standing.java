package io.baton.transport.pinned;

/** What a kept chunk is to the index. */
public enum Standing {
  /** Nobody has asked for it; it expires. */
  UNCLAIMED(PoolUse.UNCLAIMED),
  /** Somebody holds it; it stays. */
  IN_USE(PoolUse.IN_USE),
  /** Everybody is done with it; it stays while there is room and some time. */
  DONE(PoolUse.HISTORY);

  private final PoolUse use;

  Standing(PoolUse use) {
    this.use = use;
  }

  /** What it counts as in the pool. */
  public PoolUse use() {
    return use;
  }
}
