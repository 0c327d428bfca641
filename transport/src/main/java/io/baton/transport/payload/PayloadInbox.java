package io.baton.transport.payload;

import io.baton.proto.codec.AnnouncedPayload;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.v1.Sharing;
import io.baton.transport.pinned.PoolMapping;
import io.baton.transport.pinned.PoolMappings;
import io.baton.transport.pinned.SlotHandle;
import io.baton.transport.pinned.StaleHandleException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The receiving half of a stream: copies payloads out of the other end's pool, and remembers which
 * are still to be reported. Payloads are for the stream's thread; reports for any.
 */
final class PayloadInbox {

  /** Few enough that a small pool goes round, and enough that reports cost little beside them. */
  private static final int REPORTED_AT_ONCE = 16;

  /** What is large is reported without delay: its copy took longer than the report will. */
  private static final long LARGE_BYTES = 256 << 10;

  private final PayloadMemory memory;
  private volatile PoolMappings.@Nullable Lease pool;
  private boolean told;

  // Under the lock.
  private final Object lock = new Object();
  private List<Long> consumed = new ArrayList<>();
  private long consumedBytes;
  private boolean mappedIsNews;
  private boolean closed;

  PayloadInbox(PayloadMemory memory) {
    this.memory = memory;
  }

  // ---- what is said of it

  /** Hears how the other end could send payloads. */
  void take(Sharing said) throws MalformedFrameException {
    if (!said.hasPool()) {
      return;
    }
    if (told) {
      throw new MalformedFrameException("sharing.pool", "comes twice");
    }
    told = true;
    map(PayloadMemory.address(said));
  }

  /** If the stream has been ended meanwhile, nobody else lets go of it. */
  private void map(PoolAddress address) {
    Optional<PoolMappings.Lease> mapped = memory.map(address);
    synchronized (lock) {
      if (!closed) {
        pool = mapped.orElse(null);
        mappedIsNews = mapped.isPresent();
        return;
      }
    }
    mapped.ifPresent(PoolMappings.Lease::release);
  }

  boolean hasNews() {
    synchronized (lock) {
      return mappedIsNews || !consumed.isEmpty();
    }
  }

  boolean addNews(Sharing.Builder news) {
    synchronized (lock) {
      if (!hasNews()) {
        return false;
      }
      news.setMapped(mappedIsNews).addAllConsumed(consumed);
      mappedIsNews = false;
      consumed = new ArrayList<>();
      consumedBytes = 0;
      return true;
    }
  }

  void untold(Sharing news) {
    synchronized (lock) {
      mappedIsNews |= news.getMapped();
      consumed.addAll(news.getConsumedList());
    }
  }

  // ---- payloads

  /**
   * The bytes of a payload that came by handle.
   *
   * @throws StaleHandleException if the slot is not there, or no longer
   * @throws MalformedFrameException if it could not be there
   */
  ByteBuffer copy(AnnouncedPayload.Body.Shared from, int bytes)
      throws StaleHandleException, MalformedFrameException {
    return ByteBuffer.wrap(
        mapping(from).copy(new SlotHandle(from.pool(), from.offset(), from.generation()), bytes));
  }

  /**
   * Where a handle is of.
   *
   * @throws MalformedFrameException if the sender has no such pool
   */
  PoolMapping mapping(AnnouncedPayload.Body.Shared from) throws MalformedFrameException {
    PoolMappings.Lease mapped = pool;
    if (mapped == null) {
      throw new MalformedFrameException("shared", "no pool of the sender is mapped here");
    }
    PoolMapping mapping = mapped.mapping();
    if (from.pool() != mapping.id()) {
      throw new MalformedFrameException(
          "shared.pool", "%016x; the sender's is %016x".formatted(from.pool(), mapping.id()));
    }
    return mapping;
  }

  /** Whether that is to be reported now rather than soon. */
  boolean consumed(long dataId, long bytes) {
    synchronized (lock) {
      consumed.add(dataId);
      consumedBytes += bytes;
      return consumed.size() >= REPORTED_AT_ONCE || consumedBytes >= LARGE_BYTES;
    }
  }

  void close() {
    PoolMappings.Lease mapped;
    synchronized (lock) {
      closed = true;
      mapped = pool;
      pool = null;
    }
    if (mapped != null) {
      mapped.release();
    }
  }
}
