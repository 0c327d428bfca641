package io.baton.transport.peer;

import io.baton.transport.LaneKind;
import io.baton.transport.pinned.PoolMapping;
import java.util.Optional;

/**
 * The receiving end of a lane, on one connection.
 *
 * @param pool the sender's, where it is mapped
 * @param key what messages that come beside the stream begin with; 0 if none do
 * @param onLeave ends what comes beside the stream
 */
record Intake(LaneKind lane, Optional<PoolMapping> pool, long key, Runnable onLeave) {

  /** Of bytes that come on the stream. */
  static final Intake OF_FRAMES = new Intake(LaneKind.GRPC, Optional.empty(), 0, () -> {});

  /** Nothing comes beside the stream any more. The pool stays mapped: its bytes may be in use. */
  void leave() {
    onLeave.run();
  }
}
