package io.baton.transport.payload;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.PayloadOutlineCodec;
import io.baton.session.model.Payload;
import io.baton.session.model.Tensor;
import io.baton.transport.CopiedBytes;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Iterator;

/**
 * The bytes of a payload's tensors, one after another. They are copied, because protobuf wraps
 * nothing but arrays and a tensor does not give its array away; so what is taken does not keep the
 * tensors alive.
 */
public final class PayloadBytes {

  private final Iterator<Tensor> tensors;
  private ByteBuffer current = ByteBuffer.allocate(0);

  /** From the first. */
  public PayloadBytes(Payload payload) {
    this.tensors = PayloadOutlineCodec.tensors(payload).iterator();
  }

  /** The next so many, which there must be. */
  public ByteString take(int bytes) {
    ByteString taken = ByteString.EMPTY;
    while (taken.size() < bytes) {
      if (!current.hasRemaining()) {
        current = tensors.next().data();
      }
      int length = Math.min(current.remaining(), bytes - taken.size());
      CopiedBytes.add(length);
      taken = taken.concat(ByteString.copyFrom(current, length));
    }
    return taken;
  }

  /** Writes all of them to a place that has room for them. */
  public static void write(Payload payload, MemorySegment place) {
    long at = 0;
    for (Tensor tensor : PayloadOutlineCodec.tensors(payload)) {
      ByteBuffer data = tensor.data();
      CopiedBytes.add(data.remaining());
      MemorySegment.copy(MemorySegment.ofBuffer(data), 0, place, at, data.remaining());
      at += data.remaining();
    }
  }
}
