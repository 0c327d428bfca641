package io.baton.transport.pinned;

/**
 * Names one use of one slot, for good: no other slot, of this pool or another, ever has the same
 * handle. Handles come from other processes too, so any number may stand here; whoever resolves a
 * handle checks it.
 *
 * @param pool the pool's incarnation, random
 * @param offset of the slot's data, in bytes from the pool's start
 * @param generation of the slot, never 0
 */
public record SlotHandle(long pool, long offset, long generation) {

  @Override
  public String toString() {
    return "%016x@%d#%016x".formatted(pool, offset, generation);
  }
}
