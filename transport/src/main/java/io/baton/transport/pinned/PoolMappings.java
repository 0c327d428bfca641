package io.baton.transport.pinned;

import io.baton.proto.codec.PoolAddress;
import io.baton.transport.pinned.PoolMapping.Access;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The pools of others that are mapped, each once for as long as something of it is in use. One that
 * is only read stays mapped for a short while longer, since its next chunk is likely to come soon;
 * not for good, since the memory of a dead relay is given back only when nobody maps it. Any thread
 * may use it.
 */
public final class PoolMappings implements AutoCloseable {

  public static final Duration IDLE_TIME = Duration.ofSeconds(5);

  private record Key(PoolAddress pool, Access access) {}

  private static final class Entry {
    private final Key key;
    private final PoolMapping mapping;
    private int leases;
    private long idleSinceNanos;

    Entry(Key key, PoolMapping mapping) {
      this.key = key;
      this.mapping = mapping;
    }
  }

  /** Keeps a pool mapped until it is released. */
  public final class Lease {
    private final Entry entry;
    private final AtomicBoolean released = new AtomicBoolean();

    private Lease(Entry entry) {
      this.entry = entry;
    }

    public PoolMapping mapping() {
      return entry.mapping;
    }

    /** Another one, of a lease that is not released yet. */
    public Lease another() {
      return lease(entry);
    }

    /** Idempotent. */
    public void release() {
      if (released.compareAndSet(false, true)) {
        giveBack(entry);
      }
    }
  }

  private final int maxIdle;
  private final ScheduledExecutorService timer;

  // Under the lock.
  private final Map<Key, Entry> inUse = new HashMap<>();
  private final LinkedHashMap<Key, Entry> idle = new LinkedHashMap<>();
  private boolean closed;

  /**
   * @param maxIdle pools that may stay mapped although nothing of them is in use
   * @param timer unmaps those that have been idle for {@link #IDLE_TIME}
   */
  public PoolMappings(int maxIdle, ScheduledExecutorService timer) {
    this.maxIdle = maxIdle;
    this.timer = timer;
  }

  /**
   * Maps a pool, unless it is mapped already.
   *
   * @throws PoolException if it is not there, or may not be mapped
   * @throws IllegalStateException if this is closed
   */
  public Lease map(PoolAddress pool, Access access) throws PoolException {
    Key key = new Key(pool, access);
    synchronized (this) {
      if (closed) {
        throw new IllegalStateException("no pool is mapped any more: this is closed");
      }
      Entry entry = inUse.get(key);
      if (entry == null) {
        entry = idle.remove(key);
        if (entry == null) {
          entry = new Entry(key, PoolMapping.open(Path.of(pool.path()), pool.id(), access));
        }
        inUse.put(key, entry);
      }
      return lease(entry);
    }
  }

  private synchronized Lease lease(Entry entry) {
    entry.leases++;
    return new Lease(entry);
  }

  private void giveBack(Entry entry) {
    List<Entry> unused = new ArrayList<>();
    synchronized (this) {
      entry.leases--;
      if (entry.leases > 0) {
        return;
      }
      inUse.remove(entry.key);
      if (closed || entry.key.access() != Access.READ) {
        unused.add(entry);
      } else {
        entry.idleSinceNanos = System.nanoTime();
        idle.put(entry.key, entry);
        while (idle.size() > maxIdle) {
          unused.add(idle.pollFirstEntry().getValue());
        }
        checkLater();
      }
    }
    unused.forEach(each -> each.mapping.close());
  }

  private void checkLater() {
    try {
      var _ = timer.schedule(this::unmapIdle, IDLE_TIME.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // Whatever this belongs to is being closed, and this with it.
    }
  }

  private void unmapIdle() {
    List<Entry> unused = new ArrayList<>();
    synchronized (this) {
      long now = System.nanoTime();
      idle.values()
          .removeIf(
              entry -> now - entry.idleSinceNanos >= IDLE_TIME.toNanos() && unused.add(entry));
    }
    unused.forEach(each -> each.mapping.close());
  }

  /** How many pools are mapped. */
  public synchronized int mapped() {
    return inUse.size() + idle.size();
  }

  /** Unmaps what is not in use; what is, is unmapped when it is released. Idempotent. */
  @Override
  public void close() {
    List<Entry> unused;
    synchronized (this) {
      closed = true;
      unused = new ArrayList<>(idle.values());
      idle.clear();
    }
    unused.forEach(each -> each.mapping.close());
  }
}
