package io.baton.transport.payload;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.google.protobuf.ByteString;
import io.baton.transport.pinned.Slot;
import io.baton.transport.ucx.UcxConnectException;
import io.baton.transport.ucx.UcxFailure;
import io.baton.transport.ucx.UcxHub;
import io.baton.transport.ucx.UcxWire;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ways over UCX to the parties at the other ends of streams: one for each party, shared by all
 * streams to it and kept for a short while after the last. A party that was lost over UCX is not
 * tried again for half a minute. Any thread may use it.
 */
final class UcxPeers implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(UcxPeers.class);

  /** Fewer than an engine has connections, of which a relay's links need some. */
  private static final int MAX_PEERS = 128;

  private static final Duration IDLE_TIME = Duration.ofSeconds(5);
  private static final Duration DISTRUST = Duration.ofSeconds(30);

  private static final class Entry {
    private final ByteString address;
    private final Set<Lease> leases = new HashSet<>();
    private @Nullable UcxWire wire;
    private long idleSinceNanos;

    Entry(ByteString address) {
      this.address = address;
    }
  }

  /** A stream's way to its other end. */
  final class Lease {
    private final Entry entry;
    private final UcxWire wire;
    private volatile boolean lost;

    private Lease(Entry entry, UcxWire wire) {
      this.entry = entry;
      this.wire = wire;
    }

    /** Whether the other end has not been lost. */
    boolean isOpen() {
      return !lost;
    }

    /** Sends a body, which keeps a reference to the slot until it is sent. */
    void body(long key, long number, Slot slot) {
      wire.body(key, number, slot);
    }

    /** Idempotent. What was given to it goes out. */
    void release() {
      giveBack(this);
    }
  }

  private final ScheduledExecutorService timer;
  private final Cache<ByteString, UcxFailure> distrusted =
      Caffeine.newBuilder().expireAfterWrite(DISTRUST).maximumSize(1024).build();

  // Under the lock.
  private final Map<ByteString, Entry> entries = new HashMap<>();
  private boolean closed;

  UcxPeers(ScheduledExecutorService timer) {
    this.timer = timer;
  }

  /** A way to that party, if there is room for one more and it is not distrusted. */
  Optional<Lease> lease(UcxHub hub, ByteString address) {
    if (distrusted.getIfPresent(address) != null) {
      return Optional.empty();
    }
    synchronized (this) {
      if (closed || (!entries.containsKey(address) && entries.size() >= MAX_PEERS)) {
        return Optional.empty();
      }
      Entry entry = entries.computeIfAbsent(address, Entry::new);
      UcxWire wire = entry.wire;
      if (wire == null) {
        try {
          wire = hub.connect(address.toByteArray(), failure -> lost(entry, failure));
          entry.wire = wire;
        } catch (UcxConnectException e) {
          log.debug("payloads travel in messages: {}", e.getMessage());
          entries.remove(address);
          return Optional.empty();
        }
      }
      Lease lease = new Lease(entry, wire);
      entry.leases.add(lease);
      return Optional.of(lease);
    }
  }

  private void lost(Entry entry, UcxFailure failure) {
    log.debug("payloads travel in messages for a while: UCX: {}", failure);
    distrusted.put(entry.address, failure);
    synchronized (this) {
      entries.remove(entry.address, entry);
      entry.leases.forEach(lease -> lease.lost = true);
      entry.leases.clear();
    }
    close(entry);
  }

  private synchronized void giveBack(Lease lease) {
    Entry entry = lease.entry;
    if (entry.leases.remove(lease) && entry.leases.isEmpty()) {
      entry.idleSinceNanos = System.nanoTime();
      try {
        var _ = timer.schedule(this::closeIdle, IDLE_TIME.toNanos(), TimeUnit.NANOSECONDS);
      } catch (RejectedExecutionException e) {
        // Whatever this belongs to is being closed, and this with it.
      }
    }
  }

  private void closeIdle() {
    List<Entry> unused = new ArrayList<>();
    synchronized (this) {
      long now = System.nanoTime();
      entries
          .values()
          .removeIf(
              entry ->
                  entry.leases.isEmpty()
                      && now - entry.idleSinceNanos >= IDLE_TIME.toNanos()
                      && unused.add(entry));
    }
    unused.forEach(UcxPeers::close);
  }

  private static void close(Entry entry) {
    UcxWire wire = entry.wire;
    if (wire != null) {
      wire.close();
    }
  }

  /** Ends all of them. Idempotent. */
  @Override
  public void close() {
    List<Entry> all;
    synchronized (this) {
      closed = true;
      all = List.copyOf(entries.values());
      entries.clear();
    }
    all.forEach(UcxPeers::close);
  }
}
