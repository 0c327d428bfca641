package io.baton.client.sidecar;

import io.baton.transport.pinned.PoolMappings;
import io.baton.transport.pinned.SlotHandle;
import io.baton.transport.pinned.StaleHandleException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A chunk's memory in a pool, as the application sees it until it is taken away. It has an arena of
 * its own, so that closing it takes away this memory alone, at once and everywhere: segments,
 * buffers and slices of them throw {@link IllegalStateException} in whichever thread touches them,
 * and none shows or spoils what the relay puts there next. Closing costs a handshake with every
 * thread of the process, some microseconds; what would be cheaper, checks at each access by
 * wrappers of this class's own, could be got around by every buffer that had been handed out.
 */
final class View {

  private final Arena arena = Arena.ofShared();
  private final PoolMappings.Lease lease;
  private final SlotHandle slot;
  private final MemorySegment memory;
  private volatile String end = "closed";

  /**
   * Takes the lease over.
   *
   * @throws StaleHandleException if there is no such slot; the lease is released
   */
  View(PoolMappings.Lease lease, SlotHandle slot, long bytes) throws StaleHandleException {
    this.lease = lease;
    this.slot = slot;
    try {
      this.memory = ended(lease.mapping().view(slot, bytes));
    } catch (StaleHandleException | RuntimeException e) {
      arena.close();
      lease.release();
      throw e;
    }
  }

  // A mapping outlives its views: the lease is released by the arena, after the last access.
  @SuppressWarnings("restricted")
  private MemorySegment ended(MemorySegment mapped) {
    return mapped.reinterpret(arena, _ -> lease.release());
  }

  SlotHandle slot() {
    return slot;
  }

  /**
   * @throws IllegalStateException if it is closed; the message says why
   */
  MemorySegment memory() {
    if (!arena.scope().isAlive()) {
      throw new IllegalStateException(end);
    }
    return memory;
  }

  /** Whether what was read before this call was the slot's. */
  boolean isCurrent() {
    return lease.mapping().isCurrent(slot);
  }

  /**
   * Takes the memory away. Idempotent.
   *
   * @param why for whoever still asks for it
   * @return false if a system call that reads or writes it is under way; try again
   */
  synchronized boolean tryClose(String why) {
    if (!arena.scope().isAlive()) {
      return true;
    }
    String before = end;
    end = why;
    try {
      arena.close();
      return true;
    } catch (IllegalStateException inUse) {
      end = before;
      return false;
    }
  }
}
