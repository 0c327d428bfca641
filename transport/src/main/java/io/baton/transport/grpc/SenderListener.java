package io.baton.transport.grpc;

import java.util.Optional;

/**
 * What becomes of a {@link FlowControlledSender}. Called on whichever thread found out, which may
 * be a caller's or gRPC's: must not block.
 */
public interface SenderListener {

  /** For streams whose end is noticed elsewhere, and what they lose is sent again. */
  SenderListener NONE =
      new SenderListener() {
        @Override
        public void onDropped(int groups) {}

        @Override
        public void onEnded(Optional<Throwable> cause) {}
      };

  /** Groups that had been accepted will not be sent, wholly or in part. */
  void onDropped(int groups);

  /**
   * Nothing will be sent any more. Called once.
   *
   * @param cause why; empty if everything was sent and the stream completed
   */
  void onEnded(Optional<Throwable> cause);
}
