package io.baton.transport.pinned;

import io.baton.transport.CopiedBytes;
import io.baton.transport.pinned.PoolException.Reason;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Another process's pool, mapped into this one. Any thread may use it. When the pool is closed, or
 * its relay dies, the memory stays as it was then, and handles stay good: nobody is left to give a
 * slot to somebody else.
 */
public final class PoolMapping implements AutoCloseable {

  /** What this process does with the memory. */
  public enum Access {
    READ,
    READ_WRITE;

    MapMode mode() {
      return switch (this) {
        case READ -> MapMode.READ_ONLY;
        case READ_WRITE -> MapMode.READ_WRITE;
      };
    }

    Set<OpenOption> options() {
      return switch (this) {
        case READ -> Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
        case READ_WRITE ->
            Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
      };
    }
  }

  private final Path path;
  private final long id;
  private final Mapped mapped;

  private PoolMapping(Path path, long id, Mapped mapped) {
    this.path = path;
    this.id = id;
    this.mapped = mapped;
  }

  /**
   * Maps a pool.
   *
   * @param id the incarnation that the relay told
   * @throws PoolException if it is not that pool, or may not be opened
   */
  public static PoolMapping open(Path path, long id, Access access) throws PoolException {
    Arena arena = Arena.ofShared();
    try {
      MemorySegment memory = map(path, access, arena);
      check(path, id, memory);
      return new PoolMapping(path, id, new Mapped(arena, memory));
    } catch (PoolException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  private static MemorySegment map(Path path, Access access, Arena arena) throws PoolException {
    // Opening what is no file could wait for ever, as with a pipe.
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)
        && !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
      throw damaged(path, "it is no file");
    }
    try (FileChannel channel = FileChannel.open(path, access.options())) {
      long size = channel.size();
      if (size < PoolConfig.MIN_BYTES) {
        throw damaged(path, "it has %d bytes".formatted(size));
      }
      return channel.map(access.mode(), 0, size, arena);
    } catch (PoolException e) {
      throw e;
    } catch (NoSuchFileException e) {
      throw gone(path, e);
    } catch (AccessDeniedException e) {
      throw new PoolException(
          Reason.NOT_PERMITTED,
          "this user may not open the pool %s: run as the user that its relay runs as"
              .formatted(path),
          e);
    } catch (IOException e) {
      throw new PoolException(Reason.FAILED, "could not map the pool %s: %s".formatted(path, e), e);
    }
  }

  private static void check(Path path, long id, MemorySegment memory) throws PoolException {
    if (PoolLayout.magic(memory) != PoolLayout.MAGIC) {
      throw damaged(path, "it does not begin as a pool does");
    }
    if (PoolLayout.version(memory) != PoolLayout.VERSION) {
      throw damaged(
          path,
          "its version is %d, and not %d: run the same release on both sides"
              .formatted(PoolLayout.version(memory), PoolLayout.VERSION));
    }
    if (PoolLayout.size(memory) != memory.byteSize()) {
      throw damaged(
          path,
          "it says %d bytes and has %d".formatted(PoolLayout.size(memory), memory.byteSize()));
    }
    if (PoolLayout.id(memory) != id || !PoolLayout.isOpen(memory)) {
      throw gone(path, null);
    }
  }

  private static PoolException damaged(Path path, String why) {
    return new PoolException(
        Reason.DAMAGED, "%s is no pool that can be used: %s".formatted(path, why));
  }

  private static PoolException gone(Path path, @Nullable Throwable cause) {
    return new PoolException(
        Reason.GONE,
        "the pool %s is gone: attach to its relay anew, which says where its pool is now"
            .formatted(path),
        cause);
  }

  public long id() {
    return id;
  }

  public Path path() {
    return path;
  }

  /** All of it, headers too; read-only if it was opened so. */
  public MemorySegment memory() {
    return mapped.memory();
  }

  /**
   * A view of the slot's first bytes. Unless whoever gave the handle keeps the slot, its bytes may
   * become another's at any time: copy them, and then ask {@link #isCurrent}.
   *
   * @param bytes at most as many as the slot has
   * @throws StaleHandleException if there is no such slot
   * @throws IllegalStateException if this mapping is closed
   */
  public MemorySegment view(SlotHandle handle, long bytes) throws StaleHandleException {
    if (handle.pool() != id) {
      throw new StaleHandleException(handle, "it belongs to another pool");
    }
    MemorySegment memory = memory();
    if (!PoolLayout.isInside(handle.offset(), bytes, memory.byteSize())) {
      throw new StaleHandleException(handle, "%d bytes are not inside the pool".formatted(bytes));
    }
    if (!isGeneration(handle)) {
      throw new StaleHandleException(handle, "the slot was freed");
    }
    if (bytes > slotBytes(handle)) {
      throw new StaleHandleException(handle, "the slot has less than %d bytes".formatted(bytes));
    }
    return memory.asSlice(handle.offset(), bytes, PoolLayout.HEADER);
  }

  /**
   * A copy of the slot's first bytes, whoever keeps the slot: if it was freed meanwhile, what was
   * copied may be another's, and is not handed out.
   *
   * @throws StaleHandleException if there is no such slot, or none any more
   * @throws IllegalStateException if this mapping is closed
   */
  public byte[] copy(SlotHandle handle, int bytes) throws StaleHandleException {
    byte[] copy = new byte[bytes];
    copy(handle, MemorySegment.ofArray(copy));
    return copy;
  }

  /**
   * The same, into that memory, as many bytes as it has.
   *
   * @throws StaleHandleException if there is no such slot, or none any more; what the memory holds
   *     then may be anything
   * @throws IllegalStateException if this mapping is closed
   */
  public void copy(SlotHandle handle, MemorySegment into) throws StaleHandleException {
    try {
      CopiedBytes.add(into.byteSize());
      into.copyFrom(view(handle, into.byteSize()));
    } catch (InternalError e) {
      // How the JVM tells that the file has become shorter than what is mapped of it.
      throw new StaleHandleException(handle, "the pool's memory is gone");
    }
    if (!isCurrent(handle)) {
      throw new StaleHandleException(handle, "the slot was freed while it was copied");
    }
  }

  /** Whether what was read from the slot before this call was the slot's. */
  public boolean isCurrent(SlotHandle handle) {
    // What was copied must have been read before the generation is.
    VarHandle.acquireFence();
    return handle.pool() == id
        && PoolLayout.isInside(handle.offset(), 0, memory().byteSize())
        && isGeneration(handle);
  }

  private boolean isGeneration(SlotHandle handle) {
    try {
      return handle.generation() != 0
          && handle.generation() == PoolLayout.generation(memory(), handle.offset());
    } catch (InternalError e) {
      // As when bytes are copied: the file has become shorter, and the slot is gone.
      return false;
    }
  }

  private long slotBytes(SlotHandle handle) {
    try {
      return PoolLayout.bytes(memory(), handle.offset());
    } catch (InternalError e) {
      return 0;
    }
  }

  /** Idempotent; views throw {@link IllegalStateException} from then on. */
  @Override
  public void close() {
    mapped.unmap();
  }
}
