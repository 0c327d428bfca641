package io.baton.transport.ucx;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import io.baton.transport.pinned.Slot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * The way for frames and bodies to one peer over UCX, to whichever of its streams the key is of.
 * Any thread may call; none waits.
 */
public final class UcxWire implements AutoCloseable {

  private record Body(long key, long number, Slot slot) {}

  private final UcxConnection connection;
  private final int maxHeaderBytes;
  private final Runnable onClosed;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final Deque<Body> waiting = new ArrayDeque<>();

  /**
   * @param onClosed called once; what was sent may be under way still
   */
  UcxWire(UcxConnection connection, int maxHeaderBytes, Runnable onClosed) {
    this.connection = connection;
    this.maxHeaderBytes = maxHeaderBytes;
    this.onClosed = onClosed;
  }

  /**
   * Sends a message that means nothing.
   *
   * @param onProven told if it gets through, on the engine's thread
   */
  void prove(Runnable onProven) {
    Completion done =
        new Completion() {
          @Override
          public void succeeded() {
            onProven.run();
          }

          @Override
          public void failed(UcxFailure failure) {
            // Whoever uses the connection is told of its loss.
          }
        };
    var _ = connection.send(UcxHub.probe(), MemorySegment.NULL, done);
  }

  /** Sends a frame, or answers false: it is too long, too much is under way, or this is closed. */
  public boolean frame(long key, MessageLite frame) {
    int bytes = frame.getSerializedSize();
    if (closed.get() || UcxHub.FRAME_HEAD + bytes > maxHeaderBytes) {
      return false;
    }
    ByteBuffer header = UcxHub.frameHead(key, bytes);
    try {
      CodedOutputStream out = CodedOutputStream.newInstance(header);
      frame.writeTo(out);
      out.flush();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return connection.send(header.flip(), MemorySegment.NULL, sent(null)) == Handover.ACCEPTED;
  }

  /** Sends a body, after others if need be. It keeps a reference to the slot until it is sent. */
  public void body(long key, long number, Slot slot) {
    slot.retain();
    synchronized (waiting) {
      waiting.add(new Body(key, number, slot));
    }
    sendWaiting();
  }

  /** Does not begin to send that body any more. */
  public void drop(long key, long number) {
    synchronized (waiting) {
      waiting.removeIf(
          body -> {
            boolean its = body.key() == key && body.number() == number;
            if (its) {
              body.slot().release();
            }
            return its;
          });
    }
  }

  /** What is under way goes out; what waits does not. Idempotent. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      dropWaiting();
      onClosed.run();
    }
  }

  private void dropWaiting() {
    synchronized (waiting) {
      waiting.forEach(body -> body.slot().release());
      waiting.clear();
    }
  }

  private void sendWaiting() {
    synchronized (waiting) {
      if (closed.get()) {
        dropWaiting();
      }
      for (Body body = waiting.peek(); body != null; body = waiting.peek()) {
        Handover handover =
            connection.send(
                UcxHub.bodyHead(body.key(), body.number()),
                body.slot().memory(),
                sent(body.slot()));
        if (handover == Handover.FULL) {
          return;
        }
        waiting.remove();
        if (handover == Handover.CLOSED) {
          body.slot().release();
        }
      }
    }
  }

  /** A failure is the connection's, and whoever uses it is told of that. */
  private Completion sent(@Nullable Slot slot) {
    return new Completion() {
      @Override
      public void succeeded() {
        if (slot != null) {
          slot.release();
        }
        sendWaiting();
      }

      @Override
      public void failed(UcxFailure failure) {
        succeeded();
      }
    };
  }
}
