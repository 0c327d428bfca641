package io.baton.transport.ucx;

import java.nio.ByteBuffer;

/** Takes what arrives at an engine from all its peers. */
public interface UcxReceiver {

  /**
   * A message has come, or announces itself; those of one connection in the order in which they
   * were sent. Called on the progress thread, so it must be short; an exception refuses the
   * message.
   *
   * @param header valid during the call only
   */
  Landing onMessage(ByteBuffer header, long bodyBytes);
}
