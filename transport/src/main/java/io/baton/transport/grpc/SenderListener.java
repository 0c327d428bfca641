package io.baton.transport.grpc;

import java.util.List;
import java.util.Optional;

/**
 * What becomes of a {@link FlowControlledSender}. Called on whichever thread found out, which may
 * be a caller's or gRPC's: must not block.
 *
 * @param <T> the frames
 */
public interface SenderListener<T> {

  /** For streams whose end is noticed elsewhere, and what they lose is sent again. */
  static <T> SenderListener<T> none() {
    return new SenderListener<>() {
      @Override
      public void onDropped(List<T> frames) {}

      @Override
      public void onEnded(Optional<Throwable> cause) {}
    };
  }

  /** Frames that had been accepted will not be sent. */
  void onDropped(List<T> frames);

  /**
   * Nothing will be sent any more. Called once.
   *
   * @param cause why; empty if everything was sent and the stream completed
   */
  void onEnded(Optional<Throwable> cause);
}
