package io.baton.transport.payload;

import io.baton.proto.v1.Chunk;
import io.baton.proto.v1.PayloadHeader;
import io.baton.session.model.Payload;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Cuts payloads into frames.
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
    PayloadBytes source = new PayloadBytes(payload);
    if (bytes <= config.inlineBytes()) {
      return new PayloadFrames(header.setInline(source.take(bytes)).build(), List.of());
    }
    long dataId = nextDataId();
    List<Chunk> chunks = new ArrayList<>(bytes / config.chunkBytes() + 1);
    for (int left = bytes; left > 0; left -= chunks.getLast().getData().size()) {
      chunks.add(
          Chunk.newBuilder()
              .setDataId(dataId)
              .setIndex(chunks.size())
              .setData(source.take(Math.min(config.chunkBytes(), left)))
              .build());
    }
    return new PayloadFrames(header.setDataId(dataId).setChunkCount(chunks.size()).build(), chunks);
  }
}
