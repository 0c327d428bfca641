package io.baton.benchmarks;

import java.lang.foreign.MemorySegment;

/** Memory for messages, so that each one under way has its own. For one thread. */
final class Ring {

  private final MemorySegment memory;
  private long bytes;
  private long places = 1;
  private long taken;

  Ring(MemorySegment memory) {
    this.memory = memory;
  }

  /**
   * As many places as messages are under way.
   *
   * @throws IllegalArgumentException if the memory does not hold them
   */
  void begin(Workload workload) {
    bytes = workload.bytes();
    places = workload.window();
    taken = 0;
    if (bytes * places > memory.byteSize()) {
      throw new IllegalArgumentException(workload + " in " + memory.byteSize() + " bytes");
    }
  }

  /** The next message's place; it was that of the one a window before. */
  MemorySegment next(long length) {
    long place = taken++ % places;
    return memory.asSlice(place * bytes, length);
  }
}
