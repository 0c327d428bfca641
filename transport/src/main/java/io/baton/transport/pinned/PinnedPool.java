package io.baton.transport.pinned;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A relay's memory for what it relays. The relay alone allocates; executors and other relays on the
 * host map the same file with {@link PoolMapping}. Any thread may call; no call waits longer than
 * for the short lock around the books, {@link #create} and {@link #close} aside.
 *
 * <p>Whoever takes raw addresses from it, to register the memory with a network or an accelerator,
 * must be done with them before the pool is closed.
 */
public final class PinnedPool implements AutoCloseable {

  /** SplitMix64's increment (Steele, Lea and Flood, OOPSLA 2014). */
  private static final long GOLDEN = 0x9e37_79b9_7f4a_7c15L;

  private final PoolConfig config;
  private final PoolRules rules;
  private final PoolFile file;
  private final Mapped mapped;
  private final Pinning pinning;

  private final Object lock = new Object();
  private final SlotAllocator allocator;
  private final Ledger ledger = new Ledger();
  private final Map<Long, Slot> slots = new HashMap<>();
  private long generations = new SecureRandom().nextLong();
  private boolean closed;

  private PinnedPool(PoolConfig config, PoolFile file, Mapped mapped, Pinning pinning) {
    this.config = config;
    this.rules = config.rules();
    this.file = file;
    this.mapped = mapped;
    this.pinning = pinning;
    this.allocator = new SlotAllocator(mapped.memory().byteSize() - PoolLayout.HEADER);
  }

  /**
   * Takes the memory, after the pools of this user's dead relays in that directory are removed. May
   * take a while for a large pool.
   *
   * @throws PoolException if the directory has no room, may not be written, or cannot be used so
   */
  public static PinnedPool create(PoolConfig config) throws PoolException {
    Posix posix = Posix.load();
    long size = PoolLayout.fileBytes(config.bytes());
    PoolFile file = PoolFile.create(posix, config.name(), config.directory(), size);
    Arena arena = Arena.ofShared();
    try {
      Mapped mapped = new Mapped(arena, file.map(arena, size));
      Pinning pinning =
          config.lock()
              ? file.lock(mapped.memory())
              : new Pinning.NotLocked("the pool is configured not to be locked in memory");
      PoolLayout.writePool(mapped.memory(), file.id());
      return new PinnedPool(config, file, mapped, pinning);
    } catch (PoolException | RuntimeException e) {
      arena.close();
      file.close();
      throw e;
    }
  }

  /**
   * Removes the pools of this user's dead relays, as the next relay to start there would; a live
   * one's is never taken for one.
   *
   * @throws PoolException if this system has no pools
   */
  public static void removeOrphans(Path directory) throws PoolException {
    PoolFile.removeOrphans(Posix.load(), directory);
  }

  /** The incarnation; random. */
  public long id() {
    return file.id();
  }

  public Path path() {
    return file.path();
  }

  /** Bytes of the file. */
  public long size() {
    return mapped.memory().byteSize();
  }

  public Pinning pinning() {
    return pinning;
  }

  public PoolConfig config() {
    return config;
  }

  public PoolRules rules() {
    return rules;
  }

  /** All of it, headers too. */
  public MemorySegment memory() {
    return mapped.memory();
  }

  /**
   * A slot with one reference, if rules and room allow; {@link #admission} says why if not.
   *
   * @throws IllegalArgumentException if the size is negative
   */
  public Optional<Slot> allocate(long bytes, PoolUse use, String holder) {
    return allocate(bytes, 0, use, holder);
  }

  /**
   * A slot that takes whole tiles of the pool, each of {@code slotBytes} and a header. Slots of one
   * hint and somewhat different sizes then fit exactly into each other's places: the pool has a
   * known number of places, and each that is freed serves the next. Without a hint more slots fit
   * in the mean, and how many depends on what came before.
   *
   * @param slotBytes the hint, usually the size of most tensors; 0 for none
   * @throws IllegalArgumentException if a size is negative
   */
  public Optional<Slot> allocate(long bytes, long slotBytes, PoolUse use, String holder) {
    long reserved = reserved(bytes, slotBytes);
    synchronized (lock) {
      if (closed || judge(reserved, use, holder) != Admission.ADMITTED) {
        return Optional.empty();
      }
      SlotAllocator.Block block = allocator.allocate(reserved);
      return block == null ? Optional.empty() : Optional.of(open(block, bytes, use, holder));
    }
  }

  /** What {@link #allocate(long, long, PoolUse, String)} would come to now. */
  public Admission admission(long bytes, long slotBytes, PoolUse use, String holder) {
    long reserved = reserved(bytes, slotBytes);
    synchronized (lock) {
      if (closed) {
        return Admission.CLOSED;
      }
      Admission admission = judge(reserved, use, holder);
      return admission == Admission.ADMITTED && !allocator.fits(reserved)
          ? Admission.NO_ROOM
          : admission;
    }
  }

  private long reserved(long bytes, long slotBytes) {
    if (bytes < 0 || slotBytes < 0) {
      throw new IllegalArgumentException(
          "a slot of %d bytes, in pieces of %d".formatted(bytes, slotBytes));
    }
    return PoolLayout.reserved(bytes, slotBytes, allocator.capacity());
  }

  private Admission judge(long reserved, PoolUse use, String holder) {
    return rules.judge(use, reserved, ledger.heldBy(holder, allocator.capacity()));
  }

  private Slot open(SlotAllocator.Block block, long bytes, PoolUse use, String holder) {
    long offset = PoolLayout.HEADER + block.offset() + PoolLayout.HEADER;
    SlotHandle handle = new SlotHandle(id(), offset, nextGeneration());
    Slot slot =
        new Slot(
            this, block, handle, memory().asSlice(offset, bytes, PoolLayout.HEADER), use, holder);
    PoolLayout.writeSlot(memory(), offset, handle.generation(), bytes);
    ledger.charge(use, holder, bytes, block.bytes());
    slots.put(offset, slot);
    return slot;
  }

  /**
   * SplitMix64: no number comes twice, and none is likely to stand in somebody's data by chance,
   * where a handle of a slot that is gone would look for it.
   */
  private long nextGeneration() {
    long mixed;
    do {
      generations += GOLDEN;
      long z = generations;
      z = (z ^ (z >>> 30)) * 0xbf58_476d_1ce4_e5b9L;
      z = (z ^ (z >>> 27)) * 0x94d0_49bb_1331_11ebL;
      mixed = z ^ (z >>> 31);
    } while (mixed == 0);
    return mixed;
  }

  /**
   * The slot of that handle, if it is not free by now. It takes no reference: whoever has none yet
   * calls {@link Slot#tryRetain}.
   */
  public Optional<Slot> find(SlotHandle handle) {
    synchronized (lock) {
      return Optional.ofNullable(slots.get(handle.offset()))
          .filter(slot -> slot.handle().equals(handle) && !slot.isFree());
    }
  }

  public PoolUsage usage() {
    synchronized (lock) {
      return ledger.usage(allocator.capacity(), allocator.largestFree());
    }
  }

  void charge(Slot slot, PoolUse use, @Nullable String newHolder) {
    synchronized (lock) {
      if (slot.isFree()) {
        throw slot.gone();
      }
      String holder = newHolder == null ? slot.holder() : newHolder;
      ledger.discharge(slot.use(), slot.holder(), slot.bytes(), slot.reserved());
      ledger.charge(use, holder, slot.bytes(), slot.reserved());
      slot.book(use, holder);
    }
  }

  void free(Slot slot) {
    synchronized (lock) {
      long offset = slot.handle().offset();
      if (!closed) {
        PoolLayout.clearSlot(memory(), offset);
      }
      slots.remove(offset);
      ledger.discharge(slot.use(), slot.holder(), slot.bytes(), slot.reserved());
      allocator.free(slot.block());
    }
  }

  /**
   * Removes the file and unmaps the memory. Slots that are still held can be released, and any use
   * of their memory throws {@link IllegalStateException}. Idempotent.
   */
  @Override
  public void close() {
    synchronized (lock) {
      if (closed) {
        return;
      }
      closed = true;
      PoolLayout.writeClosed(memory());
    }
    file.close();
    mapped.unmap();
  }
}
