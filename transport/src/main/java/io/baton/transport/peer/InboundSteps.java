package io.baton.transport.peer;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PayloadOutline;
import io.baton.proto.codec.PushCodec;
import io.baton.proto.codec.PushHead;
import io.baton.proto.v1.BodyPart;
import io.baton.proto.v1.Parcel;
import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.RelayId;
import io.baton.transport.CopiedBytes;
import io.baton.transport.LaneKind;
import io.baton.transport.Room;
import io.baton.transport.Share;
import io.baton.transport.payload.PayloadJoiner;
import io.baton.transport.pinned.PoolMapping;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.transport.pinned.SlotHandle;
import io.baton.transport.pinned.StaleHandleException;
import io.baton.transport.ucx.Completion;
import io.baton.transport.ucx.Landing;
import io.baton.transport.ucx.UcxFailure;
import io.grpc.Status;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * The pushes that arrive on one connection: those that have come whole, and those whose bytes are
 * still to come, in parts or beside the stream. Any thread may call; several pushes may be handed
 * on at once.
 */
final class InboundSteps {

  /** Whose bytes are to come. */
  private static final int MAX_ARRIVING = 4096;

  /** Larger ones are copied and digested elsewhere than where the messages of all peers arrive. */
  private static final long LARGE_BYTES = 256 << 10;

  /** What the connection does for its pushes. */
  interface Connection {

    /** Who it says that it is. */
    RelayId remote();

    /** The sender's pool, on the lane local. */
    Optional<PoolMapping> pool();

    /** What was shared is no longer needed. */
    void released(long number, long bytes);

    /** Ends it, since the peer does what it must not. */
    void end(Status status, DropReason reason, String why);
  }

  private final PeerHost host;
  private final PeerLimits limits;
  private final PushReceiver receiver;
  private final Room room;
  private final Connection connection;
  private final Executor elsewhere;
  private final ArrivalWatch watch;

  // Under the lock.
  private final Map<Long, ArrivingStep> arriving = new HashMap<>();
  private boolean closed;

  /**
   * @param room what pushes of that caller may take while they arrive
   * @param watch sees to it that those come which have begun
   */
  InboundSteps(
      PeerHost host,
      PeerLimits limits,
      PushReceiver receiver,
      Room room,
      ArrivalWatch watch,
      Connection connection) {
    this.host = host;
    this.limits = limits;
    this.receiver = receiver;
    this.room = room;
    this.connection = connection;
    this.elsewhere = host.loops().executor();
    this.watch = watch;
  }

  /**
   * Takes a push, or what is said of it before its bytes come.
   *
   * @param by how this was said
   */
  void take(Parcel parcel, LaneKind by) throws MalformedFrameException {
    PushHead head = head(parcel);
    long size = head.payload().bytes();
    if (size > limits.pushBytes()) {
      throw new MalformedFrameException(
          "step", "%d bytes; at most %d".formatted(size, limits.pushBytes()));
    }
    Optional<Share> share = receiver.wants(connection.remote(), head);
    switch (parcel.getBodyCase()) {
      case INLINE -> inline(head, share, by, parcel.getInline());
      case SHARED -> shared(head, share, parcel.getNumber(), OfferCodec.sharedFromWire(parcel));
      case FOLLOWING ->
          begin(head, parcel.getStep().getSerializedSize(), share, parcel.getNumber());
      case BODY_NOT_SET ->
          throw new MalformedFrameException("body", "missing; pushes are not granted");
    }
  }

  private static PushHead head(Parcel parcel) throws MalformedFrameException {
    if (!OutboundSteps.isStep(parcel.getNumber())) {
      throw new MalformedFrameException(
          "number", parcel.getNumber() + " is a chunk's, not a step's");
    }
    try {
      return PushCodec.fromWire(parcel.getStep());
    } catch (MalformedFrameException e) {
      throw e.in("step");
    }
  }

  private void inline(PushHead head, Optional<Share> share, LaneKind by, ByteString bytes)
      throws MalformedFrameException {
    if (bytes.size() != head.payload().bytes() || bytes.size() > limits.inlineBytes()) {
      throw new MalformedFrameException(
          "inline",
          "%d bytes; the tensors take %d, and a frame at most %d"
              .formatted(bytes.size(), head.payload().bytes(), limits.inlineBytes()));
    }
    if (share.isPresent()) {
      complete(head, by, bytes.asReadOnlyByteBuffer());
    }
  }

  private void shared(PushHead head, Optional<Share> share, long number, SlotHandle handle)
      throws MalformedFrameException {
    PoolMapping pool =
        connection
            .pool()
            .filter(mapped -> mapped.id() == handle.pool())
            .orElseThrow(
                () ->
                    new MalformedFrameException(
                        "shared", "no such pool of the sender is mapped here"));
    int size = (int) head.payload().bytes();
    try {
      if (share.isEmpty()) {
        return;
      }
      if (!room.tryTake(size, share.get())) {
        noRoom(size);
        return;
      }
      try {
        complete(head, LaneKind.LOCAL, ByteBuffer.wrap(pool.copy(handle, size)));
      } finally {
        room.giveBack(size);
      }
    } catch (StaleHandleException | IllegalStateException e) {
      // The latter if the mapping is closed meanwhile, since the connection is over.
      receiver.onDropped(
          DropReason.STALE, "from %s: %s".formatted(connection.remote(), e.getMessage()));
    } finally {
      connection.released(number, size);
    }
  }

  private void begin(PushHead head, long headBytes, Optional<Share> share, long number)
      throws MalformedFrameException {
    if (head.payload().bytes() == 0) {
      throw new MalformedFrameException("following", "there are no bytes to come");
    }
    if (share.isEmpty()) {
      return;
    }
    synchronized (this) {
      if (closed) {
        return;
      }
      if (arriving.containsKey(number)) {
        throw new MalformedFrameException(
            "number", Long.toUnsignedString(number) + " is used twice");
      }
      if (arriving.size() < MAX_ARRIVING && room.tryTake(headBytes, share.get())) {
        arriving.put(number, new ArrivingStep(head, headBytes, share.get(), room));
        if (arriving.size() == 1) {
          watch.begin();
        }
        return;
      }
    }
    noRoom(head.payload().bytes());
  }

  /** A part of a push; of one that is not awaited it is passed over. */
  void part(BodyPart part) throws MalformedFrameException {
    ArrivingStep whole;
    synchronized (this) {
      ArrivingStep step = arriving.get(part.getNumber());
      if (step == null) {
        return;
      }
      boolean isWhole = step.add(part.getOffset(), part.getData());
      watch.moved(part.getData().size(), isWhole);
      if (!isWhole) {
        return;
      }
      remove(part.getNumber());
      whole = step;
    }
    try {
      Optional<ByteBuffer> bytes = whole.bytes.whole();
      if (bytes.isEmpty()) {
        noRoom(whole.head.payload().bytes());
      } else {
        complete(whole.head, LaneKind.GRPC, bytes.get());
      }
    } finally {
      whole.letGo();
    }
  }

  /** The bytes of a push come beside the stream. */
  Landing land(long number, long bytes) {
    ArrivingStep step;
    synchronized (this) {
      step = arriving.get(number);
      if (step == null || step.landing || step.bytes.received() > 0) {
        return Landing.REFUSED;
      }
      step.landing = true;
    }
    long announced = step.head.payload().bytes();
    if (announced != bytes) {
      connection.end(
          Status.INVALID_ARGUMENT,
          DropReason.MALFORMED,
          "a body of %d bytes where %d were announced".formatted(bytes, announced));
      return Landing.REFUSED;
    }
    Optional<Slot> slot =
        host.pool().allocate(bytes, PoolUse.PUSH, "pushes from " + connection.remote().name());
    if (slot.isEmpty()) {
      if (forget(number, step)) {
        noRoom(bytes);
      }
      return Landing.REFUSED;
    }
    watch.landingBegun();
    return new Landing.Into(slot.get().memory(), landing(number, step, slot.get()));
  }

  private Completion landing(long number, ArrivingStep step, Slot slot) {
    return new Completion() {
      @Override
      public void succeeded() {
        watch.landingOver();
        if (slot.bytes() <= LARGE_BYTES) {
          landed(number, step, slot);
          return;
        }
        try {
          elsewhere.execute(() -> landed(number, step, slot));
        } catch (RejectedExecutionException e) {
          // The relay is being closed.
          slot.release();
        }
      }

      @Override
      public void failed(UcxFailure failure) {
        watch.landingOver();
        slot.release();
        if (forget(number, step)) {
          receiver.onDropped(
              DropReason.CUT_OFF, "from %s by UCX: %s".formatted(connection.remote(), failure));
        }
      }
    };
  }

  private void landed(long number, ArrivingStep step, Slot slot) {
    long size = slot.bytes();
    try {
      if (!forget(number, step)) {
        return;
      }
      if (!room.tryTake(size, step.share)) {
        noRoom(size);
        return;
      }
      try {
        CopiedBytes.add(size);
        byte[] bytes = slot.memory().toArray(ValueLayout.JAVA_BYTE);
        complete(step.head, LaneKind.UCX, ByteBuffer.wrap(bytes));
      } finally {
        room.giveBack(size);
      }
    } catch (RuntimeException e) {
      connection.end(Status.INTERNAL.withCause(e), DropReason.RECEIVER_FAILED, String.valueOf(e));
    } finally {
      slot.release();
    }
  }

  private boolean forget(long number, ArrivingStep step) {
    synchronized (this) {
      if (arriving.get(number) != step) {
        return false;
      }
      remove(number);
    }
    step.letGo();
    return true;
  }

  /** Under the lock. */
  private void remove(long number) {
    arriving.remove(number);
    if (arriving.isEmpty()) {
      watch.end();
    }
  }

  private void complete(PushHead head, LaneKind by, ByteBuffer bytes) {
    PayloadOutline outline = head.payload();
    host.traffic().received().count(by, outline.bytes());
    Digest claimed = outline.digest().orElseThrow();
    Payload payload = PayloadJoiner.join(outline, claimed.algorithm(), bytes);
    if (payload.digest().equals(claimed)) {
      receiver.onPush(connection.remote(), head.with(payload));
    } else {
      receiver.onDropped(
          DropReason.DIGEST_MISMATCH,
          "%s announced %s, the bytes have %s"
              .formatted(connection.remote(), claimed, payload.digest()));
    }
  }

  private void noRoom(long bytes) {
    receiver.onDropped(
        DropReason.NO_ROOM, "no room for %d bytes from %s".formatted(bytes, connection.remote()));
  }

  /**
   * Nothing comes any more. What is being written beside the stream is let go when it has been.
   *
   * @return how many pushes were cut off
   */
  int close() {
    List<ArrivingStep> left;
    synchronized (this) {
      closed = true;
      left = List.copyOf(arriving.values());
      arriving.clear();
      watch.end();
    }
    left.forEach(ArrivingStep::letGo);
    return left.size();
  }
}
