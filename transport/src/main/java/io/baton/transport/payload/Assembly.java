package io.baton.transport.payload;

import io.baton.proto.codec.MalformedFrameException;
import io.baton.session.model.Digest;
import io.baton.session.model.Payload;

/** What a frame has led to. */
public sealed interface Assembly {

  /** Bytes are still to come, as chunks. */
  record Incomplete() implements Assembly {}

  /** All bytes are there and have the digest that was announced, if one was. */
  record Complete(Payload payload) implements Assembly {}

  /** All bytes are there and have another digest. The stream may go on. */
  record DigestMismatch(Digest announced, Digest computed) implements Assembly {}

  /**
   * There was no room for the payload in the receiver's budget; its chunks were read and thrown
   * away. Says so after the last of them, and the stream may go on.
   */
  record NoRoom(long bytes) implements Assembly {}

  /**
   * The receiver did not want it, as it had said when it was announced; its chunks were read and
   * thrown away. The stream may go on.
   */
  record Unwanted() implements Assembly {}

  /** It was to be had from the sender's pool, and is not there, or no longer. */
  record Stale(String why) implements Assembly {

    /** What it is where the sender has to keep its payloads. */
    public MalformedFrameException malformed() {
      return new MalformedFrameException("shared", why);
    }
  }

  /** The sender breaks the protocol: what follows on the stream has no meaning any more. */
  record Malformed(MalformedFrameException error) implements Assembly {}
}
