package io.baton.transport.ucx;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** What the tests of UCX share. */
final class Ucx {

  static final String TCP = "tcp,self";
  static final String SHARED_MEMORY = "posix,sysv,self";
  static final String ALL = "";
  static final InetAddress HERE = InetAddress.getLoopbackAddress();

  private Ucx() {}

  /** Skips the test, and says why, where there is no UCX. */
  static void assumeAvailable() {
    try {
      UcxLibrary.load();
    } catch (UcxUnavailableException e) {
      assumeTrue(false, e.getMessage());
    }
  }

  static UcxConfig config(String name, String transports) {
    UcxConfig config = UcxConfig.withDefaults(name);
    return transports.isEmpty() ? config : config.overTransports(transports.split(","));
  }

  static ByteBuffer header(long number) {
    return ByteBuffer.allocate(Long.BYTES).putLong(number).flip();
  }

  static MemorySegment randomBytes(Arena arena, long bytes, long seed) {
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    MemorySegment segment = arena.allocate(Math.max(1, bytes)).asSlice(0, bytes);
    byte[] content = new byte[(int) bytes];
    random.nextBytes(content);
    MemorySegment.copy(content, 0, segment, ValueLayout.JAVA_BYTE, 0, content.length);
    return segment;
  }

  static void awaitQuietly(CountDownLatch latch) {
    try {
      if (!latch.await(10, TimeUnit.SECONDS)) {
        throw new AssertionError("not within ten seconds");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What a thread has used of a processor. */
  static long cpuNanos(String thread) {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    for (ThreadInfo info : threads.getThreadInfo(threads.getAllThreadIds())) {
      if (info != null && info.getThreadName().equals(thread)) {
        return threads.getThreadCpuTime(info.getThreadId());
      }
    }
    throw new AssertionError("no thread " + thread);
  }
}
