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
  private final boolean receives;
  private volatile PoolMappings.@Nullable Lease pool;
  private boolean told;

  // Under the lock.
  private final Object lock = new Object();
  private List<Long> consumed = new ArrayList<>();
  private long consumedBytes;
  private boolean mappedIsNews;

  PayloadInbox(PayloadMemory memory, boolean receives) {
    this.memory = memory;
    this.receives = receives;
  }

  // ---- what is said of it

  /** Hears where the other end's pool is. */
  void take(Sharing said) throws MalformedFrameException {
    if (!said.hasPool()) {
      return;
    }
    if (told) {
      throw new MalformedFrameException("sharing.pool", "comes twice");
    }
    told = true;
    PoolAddress address = PayloadMemory.address(said);
    PoolMappings.Lease mapped = receives ? memory.map(address).orElse(null) : null;
    pool = mapped;
    if (mapped != null) {
      synchronized (lock) {
        mappedIsNews = true;
      }
    }
  }

  boolean hasNews() {
    synchronized (lock) {
      return mappedIsNews || !consumed.isEmpty();
    }
  }

  boolean addNews(Sharing.Builder news) {
    synchronized (lock) {
      if (!mappedIsNews && consumed.isEmpty()) {
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
    PoolMappings.Lease mapped = pool;
    if (mapped == null) {
      throw new MalformedFrameException("shared", "no pool of the sender is mapped here");
    }
    PoolMapping mapping = mapped.mapping();
    if (from.pool() != mapping.id()) {
      throw new MalformedFrameException(
          "shared.pool", "%016x; the sender's is %016x".formatted(from.pool(), mapping.id()));
    }
    return ByteBuffer.wrap(
        mapping.copy(new SlotHandle(from.pool(), from.offset(), from.generation()), bytes));
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
    PoolMappings.Lease mapped = pool;
    pool = null;
    if (mapped != null) {
      mapped.release();
    }
  }
}
