package io.baton.transport.payload;

import io.baton.session.model.Digest;

/** Which digest an arriving payload gets, and whether its sender must have announced one. */
public sealed interface DigestRule {

  /** Must be announced, by whichever algorithm; the payload's own is by the same. */
  record Announced() implements DigestRule {}

  /** Must be announced, by this algorithm: the session's. */
  record Required(Digest.Algorithm algorithm) implements DigestRule {}

  /**
   * Need not be announced: the way between a relay and its own executor. The payload's own is by
   * this algorithm, and an announced one must be as well.
   */
  record Own(Digest.Algorithm algorithm) implements DigestRule {}
}
