package io.baton.transport.peer;

import io.baton.proto.v1.BulkFrame;

/** Where large bodies go out. Any thread may call; none is made to wait. */
interface Bulk {

  /** Sends the frame after all that was accepted before; false if there is no room, or it ended. */
  boolean offer(BulkFrame frame);

  /** Bytes that wait to be written. */
  long queuedBytes();
}
