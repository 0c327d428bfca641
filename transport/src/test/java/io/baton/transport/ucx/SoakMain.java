package io.baton.transport.ucx;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Sends many messages between two engines of this process and prints what the process holds as it
 * goes: {@code SoakMain [messages [bytes [transports]]]}. With flat numbers nothing leaks.
 */
final class SoakMain {

  private static final long DEFAULT_MESSAGES = 10_000_000;
  private static final int REPORTS = 20;
  private static final int WINDOW = 128;

  private SoakMain() {}

  public static void main(String[] arguments) throws Exception {
    long messages = arguments.length > 0 ? Long.parseLong(arguments[0]) : DEFAULT_MESSAGES;
    long bytes = arguments.length > 1 ? Long.parseLong(arguments[1]) : 64;
    String transports = arguments.length > 2 ? arguments[2] : Ucx.ALL;
    AtomicLong arrived = new AtomicLong();
    Semaphore room = new Semaphore(WINDOW);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment body = arena.allocate(bytes);
      MemorySegment landing = arena.allocate(bytes);
      Landing into = new Landing.Into(landing, counting(arrived::incrementAndGet));
      Completion sent = counting(room::release);
      try (UcxEngine there =
              UcxEngine.start(Ucx.config("there", transports), (header, length) -> into);
          UcxEngine here =
              UcxEngine.start(Ucx.config("here", transports), (header, length) -> into)) {
        UcxConnection connection = here.connect(there.address(), Ucx.HERE, SoakMain::fail);
        ByteBuffer header = ByteBuffer.allocateDirect(64);
        for (long i = 0; i < messages; i++) {
          if (i % (messages / REPORTS) == 0) {
            report(i);
          }
          if (!room.tryAcquire(30, TimeUnit.SECONDS)
              || connection.send(header, body, sent) != Handover.ACCEPTED) {
            throw new IllegalStateException("stuck after " + i);
          }
        }
        while (arrived.get() < messages) {
          Thread.onSpinWait();
        }
        report(messages);
      }
    }
  }

  private static void report(long messages) throws IOException {
    System.gc();
    Runtime heap = Runtime.getRuntime();
    System.out.printf(
        Locale.ROOT,
        "%,12d messages  resident %,9d KiB  heap %,7d KiB  files %d%n",
        messages,
        residentKib(),
        (heap.totalMemory() - heap.freeMemory()) >> 10,
        Footprint.now().descriptors());
  }

  private static long residentKib() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElse(0);
  }

  private static Completion counting(Runnable count) {
    return new Completion() {
      @Override
      public void succeeded() {
        count.run();
      }

      @Override
      public void failed(UcxFailure failure) {
        fail(failure);
      }
    };
  }

  private static void fail(UcxFailure failure) {
    System.err.println(failure);
  }
}
