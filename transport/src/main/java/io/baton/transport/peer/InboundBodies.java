package io.baton.transport.peer;

import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.v1.BodyPart;
import io.baton.transport.pinned.Slot;
import io.baton.transport.ucx.Completion;
import io.baton.transport.ucx.Landing;
import io.baton.transport.ucx.UcxFailure;
import io.grpc.Status;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The bodies of chunks for which there are grants on one connection, and the slots that they are
 * written into. Any thread may call.
 */
final class InboundBodies {

  /** What the connection does for its bodies. */
  interface Connection {

    /** All of it has been written. */
    void onBody(long number);

    /** Ends it, since the peer does what it must not. */
    void end(Status status, DropReason reason, String why);
  }

  private final ArrivalWatch watch;
  private final Connection connection;
  private final Map<Long, Filling> fillings = new ConcurrentHashMap<>();

  InboundBodies(ArrivalWatch watch, Connection connection) {
    this.watch = watch;
    this.connection = connection;
  }

  /** The body is to be written there. Takes a reference, until nothing can write there any more. */
  void grant(long number, Slot into) {
    into.retain();
    fillings.put(number, new Filling(into));
  }

  /** Takes back what was granted, if it was and its body is not all on its way. */
  boolean revoke(long number) {
    Filling filling = fillings.remove(number);
    if (filling != null) {
      filling.slot().release();
    }
    return filling != null;
  }

  /** How many bytes have come of a body for which there is a grant. */
  long written(long number) {
    Filling filling = fillings.get(number);
    return filling == null ? 0 : filling.written();
  }

  /** A part of a body; of one that was withdrawn or refused meanwhile it is passed over. */
  void part(BodyPart part) throws MalformedFrameException {
    long number = part.getNumber();
    Filling filling = fillings.get(number);
    // Another thread may end the connection meanwhile, and the memory would be others' then.
    if (filling == null || !filling.slot().tryRetain()) {
      return;
    }
    try {
      boolean whole = filling.write(part.getOffset(), part.getData());
      watch.moved(part.getData().size(), whole);
      if (whole && revoke(number)) {
        connection.onBody(number);
      }
    } finally {
      filling.slot().release();
    }
  }

  /** A body comes beside the stream. */
  Landing land(long number, long bytes) {
    Filling filling = fillings.remove(number);
    if (filling == null) {
      return Landing.REFUSED;
    }
    Slot slot = filling.slot();
    if (slot.bytes() != bytes) {
      slot.release();
      connection.end(
          Status.INVALID_ARGUMENT,
          DropReason.MALFORMED,
          "a body of %d bytes where %d were granted".formatted(bytes, slot.bytes()));
      return Landing.REFUSED;
    }
    watch.landingBegun();
    return new Landing.Into(slot.memory(), landing(number, slot));
  }

  private Completion landing(long number, Slot slot) {
    return new Completion() {
      @Override
      public void succeeded() {
        watch.landingOver();
        slot.release();
        try {
          connection.onBody(number);
        } catch (RuntimeException e) {
          connection.end(
              Status.INTERNAL.withCause(e), DropReason.RECEIVER_FAILED, String.valueOf(e));
        }
      }

      @Override
      public void failed(UcxFailure failure) {
        watch.landingOver();
        slot.release();
      }
    };
  }

  /** Takes back all that was granted. */
  void close() {
    fillings.keySet().forEach(this::revoke);
  }
}
