package io.baton.transport.ucx;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/** Native memory for the header of one message under way; kept and used again. */
final class HeaderSlot {

  private static final int SMALLEST = 256;

  private MemorySegment memory = MemorySegment.NULL;

  /** Copies the remaining bytes, whose position stays. */
  void fill(ByteBuffer header) {
    int bytes = header.remaining();
    if (memory.byteSize() < bytes) {
      long size = Math.max(SMALLEST, Integer.highestOneBit(Math.max(1, bytes - 1)) * 2L);
      memory = Arena.ofAuto().allocate(size);
    }
    MemorySegment.copy(MemorySegment.ofBuffer(header), 0, memory, 0, bytes);
  }

  long address() {
    return memory.address();
  }
}
