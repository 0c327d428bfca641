package io.baton.transport.ucx;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a process holds of the system's.
 *
 * @param descriptors open files
 * @param threads but for those that compile, collect or poll, which come and go
 * @param segments of shared memory that this process made: files and those of System V
 */
record Footprint(long descriptors, long threads, long segments) {

  private static final Pattern PASSING =
      Pattern.compile("Comp|GC|^VM |ForkJoin|awaitility|Cleaner");

  static Footprint now() throws IOException {
    return new Footprint(
        count(Path.of("/proc/self/fd")),
        countThreads(),
        count(Path.of("/dev/shm")) + Files.readAllLines(Path.of("/proc/sysvipc/shm")).size());
  }

  /** Whether something is held that was not before. */
  boolean exceeds(Footprint before) {
    return descriptors > before.descriptors
        || threads > before.threads
        || segments > before.segments;
  }

  private static long count(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.count();
    }
  }

  private static long countThreads() throws IOException {
    try (Stream<Path> tasks = Files.list(Path.of("/proc/self/task"))) {
      return tasks.map(Footprint::name).filter(name -> !PASSING.matcher(name).find()).count();
    }
  }

  private static String name(Path task) {
    try {
      return Files.readString(task.resolve("comm")).strip();
    } catch (IOException e) {
      return "";
    }
  }
}
