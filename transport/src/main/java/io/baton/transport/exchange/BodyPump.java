package io.baton.transport.exchange;

import com.google.protobuf.ByteString;
import io.baton.proto.v1.BodyPart;
import io.baton.proto.v1.ExchangeFrame;
import io.baton.transport.CopiedBytes;
import io.baton.transport.pinned.Slot;
import io.baton.transport.stream.StreamConnection;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Sends bodies in frames of one connection, a part of each in turn, so that a small one does not
 * wait for a large one, and never more than the connection can soon be rid of, so that what is said
 * besides does not wait either. A part for which there is no room stays the next one. Any thread
 * may call; one at a time pumps, for the others too.
 */
final class BodyPump {

  /** So much may wait in the stream when the next part is cut. */
  private static final long AHEAD_BYTES = 1 << 20;

  private static final class Outgoing {
    final long transfer;
    final Slot slot;
    long sent;

    Outgoing(long transfer, Slot slot) {
      this.transfer = transfer;
      this.slot = slot;
    }

    boolean isDone() {
      return sent == slot.bytes();
    }
  }

  private record Part(Outgoing body, ByteString bytes) {

    ExchangeFrame frame() {
      return ExchangeFrame.newBuilder()
          .setBody(
              BodyPart.newBuilder().setTransfer(body.transfer).setOffset(body.sent).setData(bytes))
          .build();
    }
  }

  private final StreamConnection<ExchangeFrame> stream;
  private final int partBytes;
  private final Runnable onFull;
  private final AtomicInteger work = new AtomicInteger();
  private final Deque<Outgoing> bodies = new ArrayDeque<>();
  private boolean closed;

  /**
   * @param onFull called when there was no room for a part; to {@link #pump} later is up to it
   */
  BodyPump(StreamConnection<ExchangeFrame> stream, int partBytes, Runnable onFull) {
    this.stream = stream;
    this.partBytes = partBytes;
    this.onFull = onFull;
  }

  /** Takes a reference to the slot until its bytes are sent or dropped. */
  void add(long transfer, Slot slot) {
    synchronized (bodies) {
      if (closed) {
        return;
      }
      slot.retain();
      bodies.add(new Outgoing(transfer, slot));
    }
    pump();
  }

  /** Sends no more of that body. */
  void drop(long transfer) {
    synchronized (bodies) {
      bodies.removeIf(body -> body.transfer == transfer && release(body));
    }
  }

  /** Sends no more of any, nor of any that is added from now on. */
  void close() {
    synchronized (bodies) {
      closed = true;
      bodies.removeIf(BodyPump::release);
    }
  }

  /** To be called when the connection may take more. */
  void pump() {
    if (work.getAndIncrement() != 0) {
      return;
    }
    int seen = 1;
    do {
      while (stream.queuedBytes() < AHEAD_BYTES && sendNext()) {
        // Until there is nothing to be sent, or no room.
      }
      seen = work.addAndGet(-seen);
    } while (seen != 0);
  }

  private boolean sendNext() {
    Part part = next();
    if (part == null) {
      return false;
    }
    if (!stream.offer(part.frame())) {
      onFull.run();
      return false;
    }
    advance(part);
    return true;
  }

  private @Nullable Part next() {
    synchronized (bodies) {
      Outgoing body = bodies.peek();
      if (body == null) {
        return null;
      }
      long length = Math.min(partBytes, body.slot.bytes() - body.sent);
      CopiedBytes.add(length);
      return new Part(
          body, ByteString.copyFrom(body.slot.memory().asSlice(body.sent, length).asByteBuffer()));
    }
  }

  private void advance(Part part) {
    synchronized (bodies) {
      // It may have been dropped while its part was handed over.
      if (bodies.peek() == part.body()) {
        Outgoing body = bodies.remove();
        body.sent += part.bytes().size();
        if (body.isDone()) {
          release(body);
        } else {
          bodies.add(body);
        }
      }
    }
  }

  private static boolean release(Outgoing body) {
    body.slot.release();
    return true;
  }
}
