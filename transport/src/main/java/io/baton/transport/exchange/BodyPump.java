package io.baton.transport.exchange;

import com.google.protobuf.ByteString;
import io.baton.proto.v1.BodyPart;
import io.baton.proto.v1.ExchangeFrame;
import io.baton.transport.lane.grpc.KeptStream;
import io.baton.transport.pinned.Slot;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Sends bodies in frames of the stream, a part of each in turn, so that a small one does not wait
 * for a large one, and never more than the stream can soon be rid of, so that what is said besides
 * does not wait either. Any thread may call; one at a time pumps, for the others too.
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

  private final KeptStream<ExchangeFrame, ?> stream;
  private final int partBytes;
  private final AtomicInteger work = new AtomicInteger();
  private final Deque<Outgoing> bodies = new ArrayDeque<>();

  BodyPump(KeptStream<ExchangeFrame, ?> stream, int partBytes) {
    this.stream = stream;
    this.partBytes = partBytes;
  }

  /** Takes a reference to the slot until its bytes are sent or dropped. */
  void add(long transfer, Slot slot) {
    slot.retain();
    synchronized (bodies) {
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

  /** Sends no more of any. */
  void dropAll() {
    synchronized (bodies) {
      bodies.removeIf(BodyPump::release);
    }
  }

  /** To be called when the stream may take more. */
  void pump() {
    if (work.getAndIncrement() != 0) {
      return;
    }
    int seen = 1;
    do {
      while (stream.queuedBytes() < AHEAD_BYTES) {
        ExchangeFrame part = next();
        if (part == null || !stream.offer(part)) {
          break;
        }
      }
      seen = work.addAndGet(-seen);
    } while (seen != 0);
  }

  private @Nullable ExchangeFrame next() {
    synchronized (bodies) {
      Outgoing body = bodies.poll();
      if (body == null) {
        return null;
      }
      long length = Math.min(partBytes, body.slot.bytes() - body.sent);
      ByteString bytes =
          ByteString.copyFrom(body.slot.memory().asSlice(body.sent, length).asByteBuffer());
      body.sent += length;
      if (body.isDone()) {
        release(body);
      } else {
        bodies.add(body);
      }
      return ExchangeFrame.newBuilder()
          .setBody(BodyPart.newBuilder().setTransfer(body.transfer).setData(bytes))
          .build();
    }
  }

  private static boolean release(Outgoing body) {
    body.slot.release();
    return true;
  }
}
