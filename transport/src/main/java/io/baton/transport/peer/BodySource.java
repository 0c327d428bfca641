package io.baton.transport.peer;

import com.google.protobuf.ByteString;
import io.baton.session.model.Payload;
import io.baton.transport.CopiedBytes;
import io.baton.transport.payload.PayloadBytes;
import io.baton.transport.pinned.Slot;

/** Where the bytes of a body are that goes in parts. Used by one thread at a time. */
interface BodySource extends AutoCloseable {

  /** Of the whole body. */
  long bytes();

  /** The next so many. */
  ByteString take(int length);

  /** Called once, when no more is taken. */
  @Override
  void close();

  /** A slot, to which it takes a reference. */
  static BodySource of(Slot slot) {
    slot.retain();
    return new BodySource() {
      private long taken;

      @Override
      public long bytes() {
        return slot.bytes();
      }

      @Override
      public ByteString take(int length) {
        CopiedBytes.add(length);
        ByteString next = ByteString.copyFrom(slot.memory().asSlice(taken, length).asByteBuffer());
        taken += length;
        return next;
      }

      @Override
      public void close() {
        slot.release();
      }
    };
  }

  /**
   * A payload on the heap.
   *
   * @param onClosed called once
   */
  static BodySource of(Payload payload, Runnable onClosed) {
    PayloadBytes bytes = new PayloadBytes(payload);
    return new BodySource() {

      @Override
      public long bytes() {
        return payload.bytes();
      }

      @Override
      public ByteString take(int length) {
        return bytes.take(length);
      }

      @Override
      public void close() {
        onClosed.run();
      }
    };
  }
}
