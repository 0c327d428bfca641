package io.baton.transport.exchange;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.MessageLite;
import io.baton.transport.pinned.Slot;
import io.baton.transport.ucx.Completion;
import io.baton.transport.ucx.Handover;
import io.baton.transport.ucx.UcxConnection;
import io.baton.transport.ucx.UcxFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** The way for frames and bodies to one peer over UCX. Any thread may call; none waits. */
final class UcxWire implements AutoCloseable {

  private record Body(long transfer, Slot slot) {}

  private final UcxConnection connection;
  private final long key;
  private final int maxHeaderBytes;
  private final Deque<Body> waiting = new ArrayDeque<>();

  UcxWire(UcxConnection connection, long key, int maxHeaderBytes) {
    this.connection = connection;
    this.key = key;
    this.maxHeaderBytes = maxHeaderBytes;
  }

  /** Sends a frame, or answers false: it is too long, or too much is under way. */
  boolean frame(MessageLite frame) {
    int bytes = frame.getSerializedSize();
    if (UcxHub.FRAME_HEAD + bytes > maxHeaderBytes) {
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
  void body(long transfer, Slot slot) {
    slot.retain();
    synchronized (waiting) {
      waiting.add(new Body(transfer, slot));
    }
    sendWaiting();
  }

  /** Does not begin to send that body any more. */
  void drop(long transfer) {
    synchronized (waiting) {
      waiting.removeIf(
          body -> {
            boolean its = body.transfer() == transfer;
            if (its) {
              body.slot().release();
            }
            return its;
          });
    }
  }

  @Override
  public void close() {
    synchronized (waiting) {
      waiting.forEach(body -> body.slot().release());
      waiting.clear();
    }
    var _ = connection.close();
  }

  private void sendWaiting() {
    synchronized (waiting) {
      for (Body body = waiting.peek(); body != null; body = waiting.peek()) {
        Handover handover =
            connection.send(
                UcxHub.bodyHead(key, body.transfer()), body.slot().memory(), sent(body.slot()));
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
