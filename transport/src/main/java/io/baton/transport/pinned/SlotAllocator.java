package io.baton.transport.pinned;

import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Divides a range of bytes into blocks, by two-level segregated fit (Masmano, Ripoll, Crespo and
 * Real, ECRTS 2004). It knows offsets only and touches no memory. One thread at a time.
 *
 * <p>Free blocks hang in lists by size: a class for each power of two, and 32 within it, so that
 * two sizes of one class differ by at most a 32nd. Bitmaps say which lists have blocks. To
 * allocate, the size is rounded up to the next class, from which on any block fits, and the bitmaps
 * name the first list with a block: good fit, without a search. What is left of the block stays
 * free. A freed block is joined with its free neighbours at once. Both take constant time.
 *
 * <p>A block of the very class that the size falls into may fit as well, and often does, since
 * sizes recur. The first few of that list are tried before the classes above, so that places are
 * used again rather than large blocks cut, and the last large block is not refused for the
 * rounding's sake.
 */
public final class SlotAllocator {

  /** Offsets and sizes are multiples of this many bytes. */
  public static final int GRANULE = 64;

  private static final int FINE_BITS = 5;
  private static final int FINE = 1 << FINE_BITS;
  private static final int COARSE = Long.SIZE - FINE_BITS;

  /** Blocks of a list that are tried when the size falls into its class. */
  private static final int TRIES = 8;

  /** A part of the range, free or allocated. Sizes are counted in granules. */
  public static final class Block {
    private final long start;
    private long granules;
    private boolean allocated;
    private @Nullable Block before;
    private @Nullable Block after;
    private @Nullable Block previousFree;
    private @Nullable Block nextFree;

    private Block(long start, long granules) {
      this.start = start;
      this.granules = granules;
    }

    /** In bytes from the range's start. */
    public long offset() {
      return start * GRANULE;
    }

    public long bytes() {
      return granules * GRANULE;
    }

    boolean isAllocated() {
      return allocated;
    }
  }

  private final Block first;
  private final long capacity;
  private long free;

  private long coarse;
  private final int[] fine = new int[COARSE];
  private final @Nullable Block[] lists = new @Nullable Block[COARSE * FINE];

  /**
   * @param bytes of the range; what is no whole granule is left out
   * @throws IllegalArgumentException if there is no granule
   */
  public SlotAllocator(long bytes) {
    if (bytes < GRANULE) {
      throw new IllegalArgumentException("a range of " + bytes + " bytes");
    }
    first = new Block(0, bytes / GRANULE);
    capacity = first.bytes();
    free = capacity;
    hang(first);
  }

  /**
   * A block of exactly that many bytes, rounded up to whole granules and at least one, or null.
   *
   * @throws IllegalArgumentException if the size is negative
   */
  public @Nullable Block allocate(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("a block of " + bytes + " bytes");
    }
    if (bytes > free) {
      return null;
    }
    long granules = granules(bytes);
    Block block = find(granules);
    if (block == null) {
      return null;
    }
    unhang(block);
    split(block, granules);
    block.allocated = true;
    free -= block.bytes();
    return block;
  }

  /**
   * Makes the block free again.
   *
   * @throws IllegalStateException if it is free already
   */
  public void free(Block block) {
    if (!block.allocated) {
      throw new IllegalStateException("the block at " + block.offset() + " is free already");
    }
    block.allocated = false;
    free += block.bytes();
    Block after = block.after;
    if (after != null && !after.allocated) {
      unhang(after);
      join(block, after);
    }
    Block before = block.before;
    if (before != null && !before.allocated) {
      unhang(before);
      join(before, block);
      hang(before);
    } else {
      hang(block);
    }
  }

  public long capacity() {
    return capacity;
  }

  public long freeBytes() {
    return free;
  }

  /** The most that one block could be allocated with now; 0 if nothing is free. */
  public long largestFree() {
    if (coarse == 0) {
      return 0;
    }
    int top = Long.SIZE - 1 - Long.numberOfLeadingZeros(coarse);
    int list = top * FINE + Integer.SIZE - 1 - Integer.numberOfLeadingZeros(fine[top]);
    long most = 0;
    Block block = lists[list];
    for (int i = 0; i < TRIES && block != null; i++) {
      most = Math.max(most, block.bytes());
      block = block.nextFree;
    }
    return most;
  }

  /** Whether a block of that size could be allocated now. */
  boolean fits(long bytes) {
    return bytes <= free && find(granules(bytes)) != null;
  }

  /** All blocks, in the order of their offsets. */
  Stream<Block> blocks() {
    return Stream.iterate(first, block -> block != null, block -> block.after);
  }

  private static long granules(long bytes) {
    return Math.max(1, Math.ceilDiv(bytes, GRANULE));
  }

  private @Nullable Block find(long granules) {
    Block block = lists[list(granules)];
    for (int i = 0; i < TRIES && block != null; i++) {
      if (block.granules >= granules) {
        return block;
      }
      block = block.nextFree;
    }
    return firstFrom(list(roundedUp(granules)));
  }

  /** The head of the first list that has blocks, from that one on. */
  private @Nullable Block firstFrom(int list) {
    int level = list / FINE;
    int within = fine[level] & (-1 << (list % FINE));
    if (within == 0) {
      long levels = level + 1 < COARSE ? coarse & (-1L << (level + 1)) : 0;
      if (levels == 0) {
        return null;
      }
      level = Long.numberOfTrailingZeros(levels);
      within = fine[level];
    }
    return lists[level * FINE + Integer.numberOfTrailingZeros(within)];
  }

  /** The smallest size of a class that has no smaller ones than this. */
  private static long roundedUp(long granules) {
    return granules < FINE ? granules : granules + (1L << shift(granules)) - 1;
  }

  /** The list for blocks of that size: one for each size at first, then 32 for each power. */
  private static int list(long granules) {
    if (granules < FINE) {
      return (int) granules;
    }
    int shift = shift(granules);
    return (shift + 1) * FINE + (int) (granules >>> shift) - FINE;
  }

  private static int shift(long granules) {
    return Long.SIZE - 1 - Long.numberOfLeadingZeros(granules) - FINE_BITS;
  }

  private void split(Block block, long granules) {
    if (block.granules == granules) {
      return;
    }
    Block rest = new Block(block.start + granules, block.granules - granules);
    block.granules = granules;
    rest.before = block;
    rest.after = block.after;
    if (rest.after != null) {
      rest.after.before = rest;
    }
    block.after = rest;
    hang(rest);
  }

  /** The second becomes part of the first. */
  private static void join(Block block, Block after) {
    block.granules += after.granules;
    block.after = after.after;
    if (block.after != null) {
      block.after.before = block;
    }
  }

  private void hang(Block block) {
    int list = list(block.granules);
    Block head = lists[list];
    block.previousFree = null;
    block.nextFree = head;
    if (head != null) {
      head.previousFree = block;
    }
    lists[list] = block;
    fine[list / FINE] |= 1 << (list % FINE);
    coarse |= 1L << (list / FINE);
  }

  private void unhang(Block block) {
    Block previous = block.previousFree;
    Block next = block.nextFree;
    if (next != null) {
      next.previousFree = previous;
    }
    if (previous != null) {
      previous.nextFree = next;
    } else {
      int list = list(block.granules);
      lists[list] = next;
      if (next == null) {
        fine[list / FINE] &= ~(1 << (list % FINE));
        if (fine[list / FINE] == 0) {
          coarse &= ~(1L << (list / FINE));
        }
      }
    }
    block.previousFree = null;
    block.nextFree = null;
  }
}
