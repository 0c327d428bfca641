package io.baton.benchmarks.soak;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * What a process holds. Each may grow by so much from the second quarter to the last and still
 * count as flat: what comes and goes with what is just being done.
 */
enum Figure {
  /** Of the Java heap, after a collection. */
  HEAP_KIB(0.05, 2 << 10),
  /** Of direct buffers. */
  DIRECT_KIB(0.05, 1 << 10),
  /**
   * Of the process alone, native libraries included. The pages of pools are left out: the system
   * counts them once for each mapping that has touched them.
   */
  PRIVATE_KIB(0.05, 16 << 10),
  /** Of the files of pools. */
  SHARED_KIB(0, 0),
  /** In the pools, with what is kept as history. */
  POOL_KIB(0.1, 1 << 10),
  OPEN_FILES(0.02, 4),
  THREADS(0, 4);

  private final double share;
  private final long amount;

  Figure(double share, long amount) {
    this.share = share;
    this.amount = amount;
  }

  /** The most that still counts as flat. */
  long allowed(long before) {
    return before + Math.max(amount, Math.round(before * share));
  }

  static long heapKib() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() >> 10;
  }

  static long directKib() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .filter(pool -> pool.getName().equals("direct"))
            .mapToLong(BufferPoolMXBean::getMemoryUsed)
            .sum()
        >> 10;
  }

  static long privateKib() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
      return lines
          .filter(line -> line.startsWith("RssAnon"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
          .findFirst()
          .orElseThrow();
    }
  }

  static long entries(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.count();
    }
  }

  /** Of all files there. */
  static long kib(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.mapToLong(entry -> entry.toFile().length()).sum() >> 10;
    }
  }
}
