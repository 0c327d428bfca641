package io.baton.client.sidecar;

/** What a request to receive is answered with. */
public sealed interface Received permits ReceivedChunk, Received.EndOfStream {

  /**
   * There is no such chunk.
   *
   * @param count how many there are
   */
  record EndOfStream(int count) implements Received {}
}
