package io.baton.client.session;

import io.baton.proto.v1.RefusalReason;
import io.baton.session.model.Refusal;
import java.util.Optional;

/** Refusals on the wire have the protocol's names with a prefix. */
final class RefusalNames {

  private static final String PREFIX = "REFUSAL_REASON_";

  private RefusalNames() {}

  /** Empty for one that this build does not know. */
  static Optional<Refusal> fromWire(RefusalReason wire) {
    for (Refusal refusal : Refusal.values()) {
      if ((PREFIX + refusal.name()).equals(wire.name())) {
        return Optional.of(refusal);
      }
    }
    return Optional.empty();
  }
}
