package io.baton.transport.payload;

import io.baton.proto.v1.Chunk;
import io.baton.proto.v1.PayloadHeader;
import java.util.List;

/**
 * A payload ready to be sent: the header, which goes into the message that carries the payload, and
 * the chunks that must follow that message on its stream, in order and with nothing in between.
 *
 * @param chunks none if the bytes are inline, or in shared memory
 */
public record PayloadFrames(PayloadHeader header, List<Chunk> chunks) {

  public PayloadFrames {
    chunks = List.copyOf(chunks);
  }

  /** Of the payload's bytes, those that are in these frames. */
  long framedBytes() {
    long bytes = header.getInline().size();
    for (Chunk chunk : chunks) {
      bytes += chunk.getData().size();
    }
    return bytes;
  }
}
