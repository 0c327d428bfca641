package io.baton.transport.payload;

import io.baton.proto.codec.PayloadOutline;
import io.baton.transport.Share;
import java.util.Optional;

/** Looks at a payload that is announced, before it costs anything. */
@FunctionalInterface
public interface PayloadCheck {

  /** Whatever comes is wanted. */
  PayloadCheck NONE = _ -> Optional.of(Share.ALL);

  /**
   * The share of the room that may be used for it; empty if it is not wanted, which is then the
   * receiver's to remember: {@link Assembly.Unwanted} comes of it.
   */
  Optional<Share> wants(PayloadOutline announced);
}
