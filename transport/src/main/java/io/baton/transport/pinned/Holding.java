package io.baton.transport.pinned;

/** What an index keeps: one reference to something in the pool. */
public interface Holding {

  /** What the pool gets back when it is let go. */
  long bytes();

  /** Gives the reference back; called exactly once. */
  void release();

  /** Called when it is used for something else, under a lock: it must return at once. */
  void charge(PoolUse use);
}
