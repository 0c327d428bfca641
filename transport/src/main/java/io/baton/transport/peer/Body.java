package io.baton.transport.peer;

import com.google.protobuf.ByteString;
import io.baton.transport.pinned.SlotHandle;

/** How the bytes of a chunk that is offered can be had. */
public sealed interface Body {

  /** They are here. */
  record Inline(ByteString bytes) implements Body {}

  /** They are in the sender's pool, and stay until it is told that they may go. */
  record Shared(SlotHandle slot) implements Body {}

  /** They are sent when there is room for them. */
  record ToGrant() implements Body {}
}
