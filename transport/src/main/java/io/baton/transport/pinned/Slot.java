package io.baton.transport.pinned;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A piece of the pool, from its allocation until its last reference is released. Whoever allocates
 * it has one reference. Any thread may use it; an object is never used for another slot, so that a
 * mistake with one is an exception and harms no other.
 */
public final class Slot {

  private final PinnedPool pool;
  private final SlotAllocator.Block block;
  private final SlotHandle handle;
  private final MemorySegment memory;
  private final AtomicInteger references = new AtomicInteger(1);

  /** These two are guarded by the pool's lock. */
  private PoolUse use;

  private String holder;

  Slot(
      PinnedPool pool,
      SlotAllocator.Block block,
      SlotHandle handle,
      MemorySegment memory,
      PoolUse use,
      String holder) {
    this.pool = pool;
    this.block = block;
    this.handle = handle;
    this.memory = memory;
    this.use = use;
    this.holder = holder;
  }

  public SlotHandle handle() {
    return handle;
  }

  /** As many as were asked for. */
  public long bytes() {
    return memory.byteSize();
  }

  /** What it takes away from the pool, with its header and rounding. */
  public long reserved() {
    return block.bytes();
  }

  /**
   * The slot's bytes, whatever was written there before. It must not be used after the reference is
   * released; when the pool is closed, its use throws {@link IllegalStateException}.
   *
   * @throws IllegalStateException if the slot is free
   */
  public MemorySegment memory() {
    if (references.get() == 0) {
      throw gone();
    }
    return memory;
  }

  /**
   * As {@link #memory()}, in native byte order.
   *
   * @throws UnsupportedOperationException if the slot has more bytes than a buffer can
   */
  public ByteBuffer buffer() {
    return memory().asByteBuffer().order(ByteOrder.nativeOrder());
  }

  /**
   * Takes one more reference.
   *
   * @throws IllegalStateException if the slot is free
   */
  public void retain() {
    if (!tryRetain()) {
      throw gone();
    }
  }

  /** Takes one more reference, or answers false because the slot is free by now. */
  public boolean tryRetain() {
    for (int count = references.get(); count > 0; count = references.get()) {
      if (references.compareAndSet(count, Math.incrementExact(count))) {
        return true;
      }
    }
    return false;
  }

  /**
   * Gives a reference back; the last one frees the slot.
   *
   * @throws IllegalStateException if there is none
   */
  public void release() {
    for (int count = references.get(); count > 0; count = references.get()) {
      if (references.compareAndSet(count, count - 1)) {
        if (count == 1) {
          pool.free(this);
        }
        return;
      }
    }
    throw gone();
  }

  /**
   * Says what the slot is used for from now on, and by whom. No rule is asked.
   *
   * @throws IllegalStateException if the slot is free
   */
  public void charge(PoolUse newUse, String newHolder) {
    pool.charge(this, newUse, newHolder);
  }

  /** As {@link #charge(PoolUse, String)}, with the holder that it has. */
  public void charge(PoolUse newUse) {
    pool.charge(this, newUse, null);
  }

  boolean isFree() {
    return references.get() == 0;
  }

  SlotAllocator.Block block() {
    return block;
  }

  PoolUse use() {
    return use;
  }

  String holder() {
    return holder;
  }

  void book(PoolUse newUse, String newHolder) {
    use = newUse;
    holder = newHolder;
  }

  IllegalStateException gone() {
    return new IllegalStateException("the slot " + handle + " is free already");
  }
}
