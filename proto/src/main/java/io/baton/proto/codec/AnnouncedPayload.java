package io.baton.proto.codec;

import com.google.protobuf.ByteString;

/**
 * A checked PayloadHeader: what a sender says that it is about to send.
 *
 * @param body where the payload's bytes are
 * @param dataId names the payload on its stream, unless it is inline
 */
public record AnnouncedPayload(PayloadOutline outline, Body body, long dataId) {

  /** Where the bytes of a payload are. */
  public sealed interface Body {

    /** In the announcement itself. */
    record Inline(ByteString bytes) implements Body {}

    /** In that many chunks, at least one, which follow. */
    record Chunks(int count) implements Body {}

    /** In a slot of the sender's pool. */
    record Shared(long pool, long offset, long generation) implements Body {}
  }
}
