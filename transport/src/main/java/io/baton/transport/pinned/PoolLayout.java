package io.baton.transport.pinned;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/**
 * Where things are in a pool's memory. All processes that map it are on one host and share its byte
 * order.
 *
 * <p>A header for the pool, then slots, each with a header of its own just before its data:
 *
 * <pre>
 * pool:  0 magic   8 version  16 pool's id  24 size of the file  32 state
 * slot:  0 generation, 0 while it is free   8 bytes that were asked for
 * </pre>
 *
 * <p>A generation is written with release semantics after the size, and cleared before the memory
 * is anybody else's. A reader copies first and asks for the generation then, as with a seqlock: if
 * the generation still is the handle's, no other slot has written over what was copied.
 */
final class PoolLayout {

  /** Every header's size, and what data is aligned to: a line of the cache. */
  static final int HEADER = 64;

  static final int PAGE = 4096;

  static final long MAGIC = 0x4c4f_4f50_4e54_4142L; // "BATNPOOL" in little-endian order
  static final int VERSION = 1;

  static final long OPEN = 1;
  static final long CLOSED = 2;

  private static final long MAGIC_AT = 0;
  private static final long VERSION_AT = 8;
  private static final long ID_AT = 16;
  private static final long SIZE_AT = 24;
  private static final long STATE_AT = 32;

  private static final long BYTES_AT = 8;

  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final VarHandle SHARED = LONG.varHandle();

  private PoolLayout() {}

  /** What the file of a pool of so many bytes has. */
  static long fileBytes(long bytes) {
    return Math.ceilDiv(bytes, PAGE) * PAGE;
  }

  /**
   * What a slot takes away from the pool. With a hint it is whole tiles, of a header and {@code
   * slotBytes} each, unless the pool is too small for that.
   */
  static long reserved(long bytes, long slotBytes, long capacity) {
    if (bytes > capacity || slotBytes > capacity) {
      return bytes > capacity ? bytes : plain(bytes);
    }
    if (slotBytes == 0) {
      return plain(bytes);
    }
    long tile = plain(slotBytes);
    long tiles = Math.max(1, Math.ceilDiv(bytes, tile - HEADER)) * tile;
    return tiles > capacity ? plain(bytes) : tiles;
  }

  private static long plain(long bytes) {
    return HEADER + Math.ceilDiv(bytes, HEADER) * HEADER;
  }

  static void writePool(MemorySegment pool, long id) {
    pool.set(LONG, VERSION_AT, VERSION);
    pool.set(LONG, ID_AT, id);
    pool.set(LONG, SIZE_AT, pool.byteSize());
    SHARED.setRelease(pool, STATE_AT, OPEN);
    SHARED.setRelease(pool, MAGIC_AT, MAGIC);
  }

  static void writeClosed(MemorySegment pool) {
    SHARED.setRelease(pool, STATE_AT, CLOSED);
  }

  static long magic(MemorySegment pool) {
    return (long) SHARED.getAcquire(pool, MAGIC_AT);
  }

  static long version(MemorySegment pool) {
    return pool.get(LONG, VERSION_AT);
  }

  static long id(MemorySegment pool) {
    return pool.get(LONG, ID_AT);
  }

  static long size(MemorySegment pool) {
    return pool.get(LONG, SIZE_AT);
  }

  static boolean isOpen(MemorySegment pool) {
    return (long) SHARED.getAcquire(pool, STATE_AT) == OPEN;
  }

  static void writeSlot(MemorySegment pool, long offset, long generation, long bytes) {
    pool.set(LONG, offset - HEADER + BYTES_AT, bytes);
    SHARED.setRelease(pool, offset - HEADER, generation);
  }

  /** Before the memory is given to anybody else. */
  static void clearSlot(MemorySegment pool, long offset) {
    SHARED.setRelease(pool, offset - HEADER, 0L);
    // Nothing of the next slot may be seen by whoever still sees this one's generation.
    VarHandle.fullFence();
  }

  static long generation(MemorySegment pool, long offset) {
    return (long) SHARED.getAcquire(pool, offset - HEADER);
  }

  static long bytes(MemorySegment pool, long offset) {
    return pool.get(LONG, offset - HEADER + BYTES_AT);
  }

  /** Whether data could begin there and have so many bytes. */
  static boolean isInside(long offset, long bytes, long size) {
    return offset >= 2 * HEADER
        && offset % HEADER == 0
        && offset <= size
        && bytes >= 0
        && bytes <= size - offset;
  }
}
