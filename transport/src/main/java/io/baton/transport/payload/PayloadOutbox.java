package io.baton.transport.payload;

import io.baton.proto.codec.DigestCodec;
import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PayloadHeaderCodec;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.v1.PayloadHeader;
import io.baton.proto.v1.Sharing;
import io.baton.session.model.Payload;
import io.baton.transport.Budget;
import io.baton.transport.LaneKind;
import io.baton.transport.Share;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.transport.pinned.SlotHandle;
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
  private final Budget bytes;
  private volatile String holder;
  private volatile boolean mapped;

  // Under the lock.
  private final Object lock = new Object();
  private final Map<Long, Slot> slots = new HashMap<>();
  private @Nullable PinnedPool from;
  private boolean begun;
  private boolean offered;
  private boolean closed;

  PayloadOutbox(PayloadMemory memory, PoolUse use, String holder, long maxBytes) {
    this.memory = memory;
    this.use = use;
    this.holder = holder;
    this.bytes = new Budget(maxBytes);
  }

  void heldBy(String name) {
    holder = name;
  }

  /** How payloads go, as long as there is room in the pool. */
  LaneKind lane() {
    return mapped ? LaneKind.LOCAL : LaneKind.GRPC;
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
    return shared.isPresent();
  }

  void take(Sharing said) throws MalformedFrameException {
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
    }
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
    if (mapped && size > 0) {
      long dataId = memory.framer().nextDataId();
      Slot slot = put(payload, dataId, share);
      if (slot != null) {
        memory.sentCounter().count(LaneKind.LOCAL, size);
        SlotHandle handle = slot.handle();
        header
            .setDataId(dataId)
            .setShared(
                ExchangeCodec.slotToWire(handle.pool(), handle.offset(), handle.generation()));
        return new PayloadFrames(header.build(), List.of());
      }
    }
    PayloadFrames framed = memory.framer().cut(payload, header);
    memory.sentCounter().count(LaneKind.GRPC, size);
    return framed;
  }

  /** The slot, with the payload in it, or null if there is no room for it. */
  private @Nullable Slot put(Payload payload, long dataId, Share share) {
    Slot slot = allocate(payload.bytes(), share);
    if (slot == null) {
      return null;
    }
    try {
      PayloadBytes.write(payload, slot.memory());
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
    if (!header.hasShared()) {
      memory.sentCounter().takeBack(LaneKind.GRPC, frames.framedBytes());
      return;
    }
    Slot slot;
    synchronized (lock) {
      slot = slots.remove(header.getDataId());
    }
    if (slot != null) {
      memory.sentCounter().takeBack(LaneKind.LOCAL, slot.bytes());
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
    left.forEach(this::free);
  }
}
