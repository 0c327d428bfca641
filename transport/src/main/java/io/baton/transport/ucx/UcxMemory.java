package io.baton.transport.ucx;

import java.lang.foreign.MemorySegment;

/**
 * Memory that devices may reach without a copy, until the engine is closed; it must stay mapped as
 * long.
 */
public final class UcxMemory {

  private final MemorySegment segment;

  UcxMemory(MemorySegment segment) {
    this.segment = segment;
  }

  public MemorySegment segment() {
    return segment;
  }
}
