package io.baton.benchmarks.node;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Memory that source and sink of the sockets' floor share, as two processes of one host may: bodies
 * lie there, and the sockets say where.
 */
final class SocketRegion implements AutoCloseable {

  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory;

  private SocketRegion(Path file, long bytes, StandardOpenOption... options) throws IOException {
    try (FileChannel channel = FileChannel.open(file, options)) {
      memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** Makes the file. */
  static SocketRegion create(Path file, long bytes) throws IOException {
    return new SocketRegion(
        file,
        bytes,
        StandardOpenOption.READ,
        StandardOpenOption.WRITE,
        StandardOpenOption.CREATE_NEW);
  }

  static SocketRegion open(Path file, long bytes) throws IOException {
    return new SocketRegion(file, bytes, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  MemorySegment place(long index, long bytes) {
    return memory.asSlice(index * bytes, bytes);
  }

  @Override
  public void close() {
    arena.close();
  }
}
