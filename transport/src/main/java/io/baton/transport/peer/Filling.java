package io.baton.transport.peer;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.transport.CopiedBytes;
import io.baton.transport.pinned.Slot;
import java.lang.foreign.MemorySegment;

/**
 * A slot that a body is being written into, part by part. What has come stands in it from its
 * beginning without a gap; a part says where it belongs, so that none is written twice or
 * elsewhere.
 */
final class Filling {

  private final Slot slot;
  private volatile long written;

  Filling(Slot slot) {
    this.slot = slot;
  }

  Slot slot() {
    return slot;
  }

  /** How many bytes have come. */
  long written() {
    return written;
  }

  /**
   * Writes the part that is next; one that is there already changes nothing. The slot must be held.
   *
   * @return whether the body is complete by it
   * @throws MalformedFrameException if it is neither
   */
  synchronized boolean write(long offset, ByteString data) throws MalformedFrameException {
    long before = written;
    long bytes = data.size();
    if (bytes == 0 || offset < 0 || offset > before || bytes > slot.bytes() - offset) {
      throw misplaced(offset, bytes, before);
    }
    MemorySegment place = slot.memory().asSlice(offset, bytes);
    if (offset < before) {
      if (offset + bytes > before || !data.asReadOnlyByteBuffer().equals(place.asByteBuffer())) {
        throw misplaced(offset, bytes, before);
      }
      return false;
    }
    CopiedBytes.add(bytes);
    data.copyTo(place.asByteBuffer());
    written = before + bytes;
    return written == slot.bytes();
  }

  private MalformedFrameException misplaced(long offset, long bytes, long before) {
    return new MalformedFrameException(
        "body.data",
        "%d bytes at %d, after %d of %d".formatted(bytes, offset, before, slot.bytes()));
  }
}
