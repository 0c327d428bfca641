package io.baton.transport.payload;

import io.baton.proto.codec.DigestCodec;
import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PayloadHeaderCodec;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.v1.PayloadHeader;
import io.baton.proto.v1.Sharing;
import io.baton.session.model.Payload;
import io.baton.session.model.Tensor;
import io.baton.transport.Budget;
import io.baton.transport.CopiedBytes;
import io.baton.transport.Share;
import io.baton.transport.lane.LaneKind;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.transport.pinned.SlotHandle;
import io.baton.transport.ucx.UcxWay;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The sending half of a stream: puts payloads into the pool, and keeps their slots until the other
 * end has consumed them. Any thread may use it.
 */
final class PayloadOutbox {

  /** As many as frames may wait in a stream. */
  private static final int MAX_SLOTS = 4096;

  private final PayloadMemory memory;
  private final PoolUse use;
  private final boolean byUcx;
  private final Budget bytes;
  private volatile String holder;
  private volatile boolean mapped;
  private volatile @Nullable Remote remote;
  private volatile boolean proposedUcx;
  private volatile boolean answered;
  private volatile boolean targeted;

  // Under the lock.
  private final Object lock = new Object();
  private final Map<Long, Slot> slots = new HashMap<>();
  private @Nullable PinnedPool from;
  private boolean begun;
  private boolean offered;
  private boolean closed;

  /** Where bodies go by UCX. */
  private record Remote(UcxWay way, long key) {}

  /**
   * @param byUcx whether payloads may go that way
   */
  PayloadOutbox(PayloadMemory memory, PoolUse use, String holder, long maxBytes, boolean byUcx) {
    this.memory = memory;
    this.use = use;
    this.byUcx = byUcx;
    this.holder = holder;
    this.bytes = new Budget(maxBytes);
  }

  void heldBy(String name) {
    holder = name;
  }

  /** How payloads go, as long as there is room in the pool. */
  LaneKind lane() {
    if (mapped) {
      return LaneKind.LOCAL;
    }
    Remote target = remote;
    return target != null && target.way().isReady() ? LaneKind.UCX : LaneKind.GRPC;
  }

  /** Why payloads do not go by UCX although this end could send them so; empty if they may yet. */
  Optional<String> trouble() {
    Remote target = remote;
    if (target != null) {
      return target.way().trouble();
    }
    return answered && proposedUcx && !mapped && !targeted
        ? Optional.of("the other relay has no UCX, or leaves it out; by gRPC instead")
        : Optional.empty();
  }

  // ---- what is said of it

  /** The first frame of all says how payloads could be sent. */
  boolean hasNews() {
    synchronized (lock) {
      return !begun && bytes.capacity() > 0;
    }
  }

  boolean addNews(Sharing.Builder news) {
    if (!hasNews()) {
      return false;
    }
    Optional<PinnedPool> shared = memory.sharedPool();
    boolean sendsUcx = byUcx && memory.ucx().isPresent();
    synchronized (lock) {
      if (begun || closed) {
        return false;
      }
      begun = true;
      offered = shared.isPresent();
      from = shared.orElse(null);
    }
    shared.ifPresent(
        own ->
            news.setPool(ExchangeCodec.toWire(new PoolAddress(own.path().toString(), own.id()))));
    news.setSendsUcx(sendsUcx);
    proposedUcx = sendsUcx;
    return shared.isPresent() || sendsUcx;
  }

  /**
   * @param host where this end has opened the stream; empty where the other end has
   */
  void take(Sharing said, Optional<InetAddress> host) throws MalformedFrameException {
    answered = true;
    synchronized (lock) {
      if (said.getMapped()) {
        if (!offered || mapped) {
          throw new MalformedFrameException(
              "sharing.mapped", mapped ? "said twice" : "no pool was offered");
        }
        mapped = true;
      }
      for (long dataId : said.getConsumedList()) {
        Slot slot = slots.remove(dataId);
        if (slot == null) {
          throw new MalformedFrameException(
              "sharing.consumed", Long.toUnsignedString(dataId) + " is not waited for");
        }
        free(slot);
      }
      if (!said.hasTarget()) {
        return;
      }
      if (!begun || !byUcx || mapped || targeted) {
        throw new MalformedFrameException(
            "sharing.target", targeted ? "said twice" : "was not asked for");
      }
      targeted = true;
    }
    host.flatMap(at -> memory.connect(said.getTarget().getAddress(), at))
        .ifPresent(way -> aim(new Remote(way, said.getTarget().getKey())));
  }

  private void aim(Remote target) {
    Optional<PinnedPool> pool = memory.pool();
    synchronized (lock) {
      if (!closed && pool.isPresent()) {
        from = pool.get();
        remote = target;
        return;
      }
    }
    target.way().close();
  }

  // ---- payloads

  PayloadFrames frame(Payload payload, Share share) {
    PayloadHeader.Builder header = PayloadHeaderCodec.describe(payload);
    return frames(payload, header.setDigest(DigestCodec.toWire(payload.digest())), share);
  }

  PayloadFrames frameWithoutDigest(Payload payload) {
    return frames(payload, PayloadHeaderCodec.describe(payload), Share.ALL);
  }

  private PayloadFrames frames(Payload payload, PayloadHeader.Builder header, Share share) {
    long size = payload.bytes();
    LaneKind lane = lane();
    if (lane != LaneKind.GRPC && size > 0) {
      long dataId = memory.framer().nextDataId();
      Slot slot = put(payload, dataId, share);
      if (slot != null) {
        memory.sentCounter().count(lane, size);
        header.setDataId(dataId);
        if (lane == LaneKind.LOCAL) {
          SlotHandle handle = slot.handle();
          header.setShared(
              ExchangeCodec.slotToWire(handle.pool(), handle.offset(), handle.generation()));
        } else {
          header.setUcx(true);
        }
        return new PayloadFrames(header.build(), List.of());
      }
    }
    PayloadFrames framed = memory.framer().cut(payload, header);
    memory.sentCounter().count(LaneKind.GRPC, size);
    return framed;
  }

  /** The frames are on their way: what goes by UCX follows them, unless it is cut off by now. */
  void sent(PayloadFrames frames) {
    if (!frames.header().getUcx()) {
      return;
    }
    Remote target = remote;
    Slot slot;
    synchronized (lock) {
      slot = slots.get(frames.header().getDataId());
      if (slot != null && target != null) {
        // If it has been lost just now, the other end will find that nothing comes.
        var _ = target.way().body(target.key(), frames.header().getDataId(), slot);
      }
    }
  }

  /** The slot, with the payload in it, or null if there is no room for it. */
  private @Nullable Slot put(Payload payload, long dataId, Share share) {
    Slot slot = allocate(payload.bytes(), share);
    if (slot == null) {
      return null;
    }
    try {
      MemorySegment target = slot.memory();
      long at = 0;
      for (Tensor tensor : PayloadHeaderCodec.tensors(payload)) {
        ByteBuffer data = tensor.data();
        CopiedBytes.add(data.remaining());
        MemorySegment.copy(MemorySegment.ofBuffer(data), 0, target, at, data.remaining());
        at += data.remaining();
      }
    } catch (IllegalStateException e) {
      // The pool is being closed.
      free(slot);
      return null;
    }
    synchronized (lock) {
      if (!closed && slots.size() < MAX_SLOTS) {
        slots.put(dataId, slot);
        return slot;
      }
    }
    free(slot);
    return null;
  }

  private @Nullable Slot allocate(long size, Share share) {
    PinnedPool pool;
    synchronized (lock) {
      pool = closed ? null : from;
    }
    if (pool == null || !bytes.tryTake(size, share)) {
      return null;
    }
    Optional<Slot> slot = pool.allocate(size, use, holder);
    if (slot.isEmpty()) {
      bytes.giveBack(size);
    }
    return slot.orElse(null);
  }

  private void free(Slot slot) {
    bytes.giveBack(slot.bytes());
    slot.release();
  }

  /** What was framed is not sent after all. */
  void retract(PayloadFrames frames) {
    PayloadHeader header = frames.header();
    if (!header.hasShared() && !header.getUcx()) {
      memory.sentCounter().takeBack(LaneKind.GRPC, frames.framedBytes());
      return;
    }
    Slot slot;
    synchronized (lock) {
      slot = slots.remove(header.getDataId());
    }
    if (slot != null) {
      memory.sentCounter().takeBack(header.getUcx() ? LaneKind.UCX : LaneKind.LOCAL, slot.bytes());
      free(slot);
    }
  }

  void close() {
    List<Slot> left;
    synchronized (lock) {
      closed = true;
      left = List.copyOf(slots.values());
      slots.clear();
    }
    Remote target = remote;
    remote = null;
    if (target != null) {
      target.way().close();
    }
    left.forEach(this::free);
  }
}
