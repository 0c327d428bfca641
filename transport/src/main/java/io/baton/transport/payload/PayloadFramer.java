package io.baton.transport.payload;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.PayloadHeaderCodec;
import io.baton.proto.v1.Chunk;
import io.baton.proto.v1.PayloadHeader;
import io.baton.session.model.Payload;
import io.baton.session.model.Tensor;
import io.baton.transport.CopiedBytes;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Cuts payloads into frames. The bytes are copied once, because protobuf wraps nothing but arrays
 * and a tensor does not give its array away; so the frames do not keep the tensors alive.
 *
 * <p>May be shared by threads and by streams: a data id is never given twice.
 */
final class PayloadFramer {

  private final ChunkingConfig config;
  private final AtomicLong nextDataId = new AtomicLong(1);

  PayloadFramer(ChunkingConfig config) {
    this.config = config;
  }

  /** Names one more payload. */
  long nextDataId() {
    return nextDataId.getAndIncrement();
  }

  /**
   * Adds the bytes to an announcement.
   *
   * @throws IllegalArgumentException if the payload has 2 GiB or more
   */
  PayloadFrames cut(Payload payload, PayloadHeader.Builder header) {
    if (payload.bytes() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "a payload of %d bytes cannot be sent; at most %d"
              .formatted(payload.bytes(), Integer.MAX_VALUE));
    }
    int bytes = (int) payload.bytes();
    Cursor cursor = new Cursor(payload);
    if (bytes <= config.inlineBytes()) {
      return new PayloadFrames(header.setInline(cursor.take(bytes)).build(), List.of());
    }
    long dataId = nextDataId();
    List<Chunk> chunks = new ArrayList<>(bytes / config.chunkBytes() + 1);
    for (int left = bytes; left > 0; left -= chunks.getLast().getData().size()) {
      chunks.add(
          Chunk.newBuilder()
              .setDataId(dataId)
              .setIndex(chunks.size())
              .setData(cursor.take(Math.min(config.chunkBytes(), left)))
              .build());
    }
    return new PayloadFrames(header.setDataId(dataId).setChunkCount(chunks.size()).build(), chunks);
  }

  /** Reads the bytes of a payload's tensors one after another. */
  private static final class Cursor {

    private final Iterator<Tensor> tensors;
    private ByteBuffer current = ByteBuffer.allocate(0);

    Cursor(Payload payload) {
      this.tensors = PayloadHeaderCodec.tensors(payload).iterator();
    }

    ByteString take(int bytes) {
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
  }
}
