package io.baton.transport.payload;

import io.baton.transport.Budget;
import io.baton.transport.CopiedBytes;
import io.baton.transport.pinned.Slot;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Native memory for a body, until its bytes have been copied from there. */
sealed interface Place {

  MemorySegment memory();

  /** To be called once. */
  void free();

  default byte[] copy() {
    CopiedBytes.add(memory().byteSize());
    return memory().toArray(ValueLayout.JAVA_BYTE);
  }

  /** Of the pool, which devices reach without a copy. */
  record Pooled(Slot slot) implements Place {

    @Override
    public MemorySegment memory() {
      return slot.memory();
    }

    @Override
    public void free() {
      slot.release();
    }
  }

  /** Of the process, when the pool has no room. */
  record Own(Arena arena, MemorySegment memory, Budget budget) implements Place {

    @Override
    public void free() {
      budget.giveBack(memory.byteSize());
      arena.close();
    }
  }
}
