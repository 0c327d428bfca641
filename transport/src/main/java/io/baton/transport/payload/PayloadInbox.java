package io.baton.transport.payload;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.AnnouncedPayload;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.v1.Sharing;
import io.baton.proto.v1.UcxTarget;
import io.baton.transport.pinned.PoolMapping;
import io.baton.transport.pinned.PoolMappings;
import io.baton.transport.pinned.SlotHandle;
import io.baton.transport.pinned.StaleHandleException;
import io.baton.transport.ucx.UcxHub;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The receiving half of a stream: copies payloads out of the other end's pool or takes them from
 * UCX, and remembers which are still to be reported. Payloads are for the stream's thread; reports
 * for any.
 */
final class PayloadInbox {

  /** Few enough that a small pool goes round, and enough that reports cost little beside them. */
  private static final int REPORTED_AT_ONCE = 16;

  /** What is large is reported without delay: its copy took longer than the report will. */
  private static final long LARGE_BYTES = 256 << 10;

  /** Of bodies that came by UCX and that no frame has announced yet. */
  private static final long LANDING_BYTES = 64L << 20;

  /** How payloads may come, other than in messages. */
  enum Takes {
    NOTHING,
    HANDLES,
    ALL
  }

  private final PayloadMemory memory;
  private final Takes takes;
  private volatile PoolMappings.@Nullable Lease pool;
  private volatile @Nullable UcxLandings landings;
  private boolean told;

  // Under the lock.
  private final Object lock = new Object();
  private List<Long> consumed = new ArrayList<>();
  private long consumedBytes;
  private boolean mappedIsNews;
  private boolean targetIsNews;
  private boolean closed;

  PayloadInbox(PayloadMemory memory, Takes takes) {
    this.memory = memory;
    this.takes = takes;
  }

  // ---- what is said of it

  /** Hears how the other end could send payloads. */
  void take(Sharing said) throws MalformedFrameException {
    if (!said.hasPool() && !said.getSendsUcx()) {
      return;
    }
    if (told) {
      throw new MalformedFrameException(
          said.hasPool() ? "sharing.pool" : "sharing.sends_ucx", "comes twice");
    }
    told = true;
    if (takes == Takes.NOTHING) {
      return;
    }
    boolean mapped = said.hasPool() && map(PayloadMemory.address(said));
    if (!mapped && said.getSendsUcx() && takes == Takes.ALL) {
      memory.ucx().ifPresent(this::land);
    }
  }

  /** Whether it is mapped. If the stream has been ended meanwhile, nobody else lets go of it. */
  private boolean map(PoolAddress address) {
    // On a stream of one host, the other end is this user.
    boolean anywhere = takes == Takes.HANDLES;
    Optional<PoolMappings.Lease> mapped = memory.map(address, anywhere);
    synchronized (lock) {
      if (!closed) {
        pool = mapped.orElse(null);
        mappedIsNews = mapped.isPresent();
        return mappedIsNews;
      }
    }
    mapped.ifPresent(PoolMappings.Lease::release);
    return false;
  }

  /** The next frame says it, as whoever heard of it answers with one. */
  private void land(UcxHub hub) {
    UcxLandings made = new UcxLandings(memory, hub, LANDING_BYTES);
    synchronized (lock) {
      if (!closed) {
        landings = made;
        targetIsNews = true;
        return;
      }
    }
    made.close();
  }

  boolean hasNews() {
    synchronized (lock) {
      return mappedIsNews || targetIsNews || !consumed.isEmpty();
    }
  }

  boolean addNews(Sharing.Builder news) {
    synchronized (lock) {
      if (!hasNews()) {
        return false;
      }
      news.setMapped(mappedIsNews).addAllConsumed(consumed);
      UcxLandings ready = landings;
      if (targetIsNews && ready != null) {
        news.setTarget(
            UcxTarget.newBuilder()
                .setAddress(ByteString.copyFrom(ready.address()))
                .setKey(ready.key()));
      }
      mappedIsNews = false;
      targetIsNews = false;
      consumed = new ArrayList<>();
      consumedBytes = 0;
      return true;
    }
  }

  void untold(Sharing news) {
    synchronized (lock) {
      mappedIsNews |= news.getMapped();
      targetIsNews |= news.hasTarget();
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

  /**
   * A payload that comes by UCX.
   *
   * @param wanted whether there is room for a copy; if not, it is let go when it is here
   * @param onSettled told once if it is to be asked for later, on any thread
   * @throws MalformedFrameException if it cannot be so
   */
  UcxLandings.Found fetch(long dataId, long bytes, boolean wanted, Runnable onSettled)
      throws MalformedFrameException {
    UcxLandings ready = landings;
    if (ready == null) {
      throw new MalformedFrameException("ucx", "the sender was not told where to");
    }
    return ready.fetch(dataId, bytes, wanted, onSettled);
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
    UcxLandings left;
    PoolMappings.Lease mapped;
    synchronized (lock) {
      closed = true;
      left = landings;
      mapped = pool;
      pool = null;
    }
    if (left != null) {
      left.close();
    }
    if (mapped != null) {
      mapped.release();
    }
  }
}
