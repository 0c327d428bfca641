package io.baton.client.sidecar;

import com.google.protobuf.ByteString;

/** Where the bytes of a chunk are that is sent. */
sealed interface Outgoing {

  record Inline(ByteString bytes) implements Outgoing {}

  /** In memory that the relay gave, and that nobody writes any more. */
  record Pooled(PoolMemory memory) implements Outgoing {}
}
