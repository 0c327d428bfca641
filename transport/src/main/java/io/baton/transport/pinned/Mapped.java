package io.baton.transport.pinned;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Memory that any thread may use until it is unmapped, and gets an exception for afterwards. */
record Mapped(Arena arena, MemorySegment memory) {

  private static final Logger LOG = LoggerFactory.getLogger(Mapped.class);

  /** A system call that reads or writes the memory keeps it mapped; such calls are short. */
  private static final Duration PATIENCE = Duration.ofSeconds(1);

  private static final Duration PAUSE = Duration.ofMillis(1);

  /** Idempotent. Waits for system calls that use the memory for up to a second. */
  void unmap() {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (arena.scope().isAlive()) {
      try {
        arena.close();
      } catch (IllegalStateException e) {
        if (System.nanoTime() - deadline >= 0) {
          LOG.warn("a pool stays mapped, since a system call does not let go of it", e);
          return;
        }
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    }
  }
}
