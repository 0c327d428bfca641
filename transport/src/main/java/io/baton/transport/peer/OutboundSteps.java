package io.baton.transport.peer;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.PushCodec;
import io.baton.proto.v1.Empty;
import io.baton.proto.v1.Parcel;
import io.baton.proto.v1.PeerFrame;
import io.baton.session.model.Payload;
import io.baton.session.model.Push;
import io.baton.transport.Budget;
import io.baton.transport.LaneKind;
import io.baton.transport.Share;
import io.baton.transport.payload.PayloadBytes;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.transport.pinned.SlotHandle;
import io.baton.transport.stream.StreamConnection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Pushes on one connection: small ones go with their bytes, of larger ones the bytes follow without
 * being asked for. Those that a peer reads where they are stay in the pool until it has. Any thread
 * may call; none waits.
 */
final class OutboundSteps {

  /** Steps are numbered apart from chunks. */
  static final long FIRST_NUMBER = Long.MIN_VALUE;

  /** With so few bytes, a push is one message beside the stream. */
  private static final int ONE_MESSAGE_BYTES = 4 << 10;

  /** So many of a push may be in its frame. */
  private static final int INLINE_BYTES = 64 << 10;

  /** As many as frames may wait in a stream. */
  private static final int MAX_SHARED = 4096;

  private final PeerHost host;
  private final String holder;
  private final AtomicLong numbers;
  private final PeerCounters counters;
  private final StreamConnection<PeerFrame> stream;
  private final BodyPump pump;
  private final Budget bytes;

  // Under the lock.
  private final Map<Long, Slot> shared = new HashMap<>();
  private boolean closed;

  /**
   * @param holder of the slots, for a person
   * @param numbers of all connections of the link, so that none is given twice
   * @param maxBytes of pushes that may lie in the pool or wait to be cut
   */
  OutboundSteps(
      PeerHost host,
      String holder,
      AtomicLong numbers,
      PeerCounters counters,
      StreamConnection<PeerFrame> stream,
      BodyPump pump,
      long maxBytes) {
    this.host = host;
    this.holder = holder;
    this.numbers = numbers;
    this.counters = counters;
    this.stream = stream;
    this.pump = pump;
    this.bytes = new Budget(maxBytes);
  }

  static boolean isStep(long number) {
    return number < 0;
  }

  /** Sends a push by that lane, or by the stream; false if there is no room for it. */
  boolean send(Push push, Share share, Outlet lane) {
    Payload payload = push.payload();
    long size = payload.bytes();
    Parcel.Builder parcel =
        Parcel.newBuilder().setNumber(numbers.getAndIncrement()).setStep(PushCodec.toWire(push));
    if (size > 0) {
      switch (lane.way()) {
        case SHARED -> {
          if (share(parcel, payload, share)) {
            return true;
          }
        }
        case BESIDE -> {
          if (sendBeside(parcel, payload, share, lane)) {
            return true;
          }
        }
        case FRAMED -> {}
      }
    }
    return size <= INLINE_BYTES
        ? sendInline(parcel, payload, share)
        : sendInParts(parcel, payload, share);
  }

  private boolean sendInline(Parcel.Builder parcel, Payload payload, Share share) {
    return count(LaneKind.GRPC, payload, stream.offer(inline(parcel, payload), share));
  }

  private static PeerFrame inline(Parcel.Builder parcel, Payload payload) {
    ByteString body = new PayloadBytes(payload).take((int) payload.bytes());
    return frame(parcel.setInline(body));
  }

  private boolean sendInParts(Parcel.Builder parcel, Payload payload, Share share) {
    long size = payload.bytes();
    if (!bytes.tryTake(size, share)) {
      return false;
    }
    if (!host.queuedBodies().tryTake(size, share)) {
      bytes.giveBack(size);
      return false;
    }
    Parcel head = parcel.setFollowing(Empty.getDefaultInstance()).build();
    BodySource source = BodySource.of(payload, () -> giveBack(size));
    return count(LaneKind.GRPC, payload, pump.add(head, source));
  }

  private void giveBack(long size) {
    bytes.giveBack(size);
    host.queuedBodies().giveBack(size);
  }

  private boolean sendBeside(Parcel.Builder parcel, Payload payload, Share share, Outlet lane) {
    long size = payload.bytes();
    if (size <= ONE_MESSAGE_BYTES && lane.say(inline(parcel, payload))) {
      return count(LaneKind.UCX, payload, true);
    }
    Slot slot = slot(size, share);
    if (slot == null) {
      return false;
    }
    try {
      PayloadBytes.write(payload, slot.memory());
      if (!lane.say(frame(parcel.setFollowing(Empty.getDefaultInstance())))) {
        return false;
      }
      // If the way has been lost just now, the connection ends, and the push with it.
      var _ = lane.carry(parcel.getNumber(), slot);
      return count(LaneKind.UCX, payload, true);
    } catch (IllegalStateException e) {
      // The pool is being closed.
      return false;
    } finally {
      free(slot);
    }
  }

  private boolean share(Parcel.Builder parcel, Payload payload, Share share) {
    Slot slot = slot(payload.bytes(), share);
    if (slot == null) {
      return false;
    }
    long number = parcel.getNumber();
    if (!write(payload, slot) || !keep(number, slot)) {
      free(slot);
      return false;
    }
    SlotHandle handle = slot.handle();
    parcel.setShared(ExchangeCodec.slotToWire(handle.pool(), handle.offset(), handle.generation()));
    if (!stream.offer(frame(parcel), share)) {
      released(number);
      return false;
    }
    counters.countShared(payload.bytes());
    return count(LaneKind.LOCAL, payload, true);
  }

  private static boolean write(Payload payload, Slot slot) {
    try {
      PayloadBytes.write(payload, slot.memory());
      return true;
    } catch (IllegalStateException e) {
      // The pool is being closed.
      return false;
    }
  }

  private boolean keep(long number, Slot slot) {
    synchronized (shared) {
      if (closed || shared.size() >= MAX_SHARED) {
        return false;
      }
      shared.put(number, slot);
      return true;
    }
  }

  /** The peer has read what was shared under that number, or does not want it. */
  void released(long number) {
    Slot slot;
    synchronized (shared) {
      slot = shared.remove(number);
    }
    if (slot != null) {
      free(slot);
    }
  }

  /** The peer may be copying: it will find that the slot is gone. Idempotent. */
  void close() {
    List<Slot> left;
    synchronized (shared) {
      closed = true;
      left = List.copyOf(shared.values());
      shared.clear();
    }
    left.forEach(this::free);
  }

  private @Nullable Slot slot(long size, Share share) {
    if (!bytes.tryTake(size, share)) {
      return null;
    }
    Slot slot = host.pool().allocate(size, PoolUse.PUSH, holder).orElse(null);
    if (slot == null) {
      bytes.giveBack(size);
    }
    return slot;
  }

  private void free(Slot slot) {
    bytes.giveBack(slot.bytes());
    slot.release();
  }

  private boolean count(LaneKind by, Payload payload, boolean sent) {
    if (sent) {
      host.traffic().sent().count(by, payload.bytes());
    }
    return sent;
  }

  private static PeerFrame frame(Parcel.Builder parcel) {
    return PeerFrame.newBuilder().setParcel(parcel).build();
  }
}
