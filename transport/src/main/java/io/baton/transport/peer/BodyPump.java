package io.baton.transport.peer;

import com.google.protobuf.ByteString;
import io.baton.proto.v1.BodyPart;
import io.baton.proto.v1.BulkFrame;
import io.baton.proto.v1.Parcel;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Sends bodies in frames of one connection, a part of each in turn, so that a small one does not
 * wait for a large one, and never more than the connection can soon be rid of. A part for which
 * there is no room stays the next one. Any thread may call; one at a time pumps, for the others
 * too.
 */
final class BodyPump {

  /** So much may wait in the stream when the next part is cut. */
  private static final long AHEAD_BYTES = 256 << 10;

  private static final class Outgoing {
    final long number;
    final BodySource source;
    private long sent;
    private @Nullable ByteString cut;

    Outgoing(long number, BodySource source) {
      this.number = number;
      this.source = source;
    }

    /** The next part; the same one until it has been sent. */
    ByteString part(int bytes) {
      ByteString next = cut;
      if (next == null) {
        next = source.take((int) Math.min(bytes, source.bytes() - sent));
        cut = next;
      }
      return next;
    }

    void advance(ByteString part) {
      sent += part.size();
      cut = null;
    }

    boolean isDone() {
      return sent == source.bytes();
    }
  }

  private record Part(Outgoing body, ByteString bytes, long offset) {

    BulkFrame frame() {
      return BulkFrame.newBuilder()
          .setBody(BodyPart.newBuilder().setNumber(body.number).setOffset(offset).setData(bytes))
          .build();
    }
  }

  private final Bulk stream;
  private final int partBytes;
  private final Runnable onFull;
  private final AtomicInteger work = new AtomicInteger();

  // Under its own lock.
  private final Deque<Outgoing> bodies = new ArrayDeque<>();
  private boolean closed;

  /**
   * @param onFull called when there was no room for a part; to {@link #pump} later is up to it
   */
  BodyPump(Bulk stream, int partBytes, Runnable onFull) {
    this.stream = stream;
    this.partBytes = partBytes;
    this.onFull = onFull;
  }

  /**
   * Takes the source, and closes it when its bytes are sent or dropped. The parcel that announces
   * it goes before its parts; false if there is no room for that.
   */
  boolean add(Parcel announcing, BodySource source) {
    if (stream.offer(BulkFrame.newBuilder().setParcel(announcing).build())) {
      add(announcing.getNumber(), source);
      return true;
    }
    source.close();
    return false;
  }

  /** The same of a body that has been announced. */
  void add(long number, BodySource source) {
    boolean late;
    synchronized (bodies) {
      late = closed;
      if (!late) {
        bodies.add(new Outgoing(number, source));
      }
    }
    if (late) {
      source.close();
    } else {
      pump();
    }
  }

  /** Sends no more of that body. */
  void drop(long number) {
    synchronized (bodies) {
      bodies.removeIf(body -> body.number == number && close(body));
    }
  }

  /**
   * Sends no more of any, nor of any that is added from now on.
   *
   * @return the numbers of those that were dropped
   */
  List<Long> close() {
    synchronized (bodies) {
      closed = true;
      List<Long> dropped = bodies.stream().map(body -> body.number).toList();
      bodies.removeIf(BodyPump::close);
      return dropped;
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
      return body == null ? null : new Part(body, body.part(partBytes), body.sent);
    }
  }

  private void advance(Part part) {
    synchronized (bodies) {
      // It may have been dropped while its part was handed over.
      if (bodies.peek() == part.body()) {
        Outgoing body = bodies.remove();
        body.advance(part.bytes());
        if (body.isDone()) {
          close(body);
        } else {
          bodies.add(body);
        }
      }
    }
  }

  private static boolean close(Outgoing body) {
    body.source.close();
    return true;
  }
}
