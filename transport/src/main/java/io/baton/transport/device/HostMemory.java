package io.baton.transport.device;

import io.baton.transport.pinned.Slot;
import java.lang.foreign.MemorySegment;

/**
 * Memory of this host that takes part in a copy. A device that is late still writes into it, so it
 * is given back when the device is done with it, and not when nobody waits any more.
 *
 * @param segment outside the heap; stays mapped until it is given back
 * @param giveBack called exactly once, by any thread, whatever comes of the copy; must be short
 */
public record HostMemory(MemorySegment segment, Runnable giveBack) {

  /**
   * @throws IllegalArgumentException if the segment is on the heap
   */
  public HostMemory {
    if (!segment.isNative()) {
      throw new IllegalArgumentException("a device cannot reach memory on the heap");
    }
  }

  /** All of a slot, with a reference of its own. */
  public static HostMemory of(Slot slot) {
    slot.retain();
    return new HostMemory(slot.memory(), slot::release);
  }

  /** Memory whose owner knows by himself when the device is done with it. */
  public static HostMemory of(MemorySegment segment) {
    return new HostMemory(segment, () -> {});
  }
}
