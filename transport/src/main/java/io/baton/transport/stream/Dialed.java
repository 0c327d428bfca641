package io.baton.transport.stream;

import io.grpc.ManagedChannel;
import java.util.function.Consumer;

/** What an attempt to reach a peer has opened. */
@FunctionalInterface
public interface Dialed {

  /** Lets go of all of it, which ends the stream if it still lasts. Idempotent; does not wait. */
  void hangUp();

  /**
   * A call on a channel of its own, because one that failed before would make the next wait out
   * gRPC's own backoff.
   *
   * @param call starts the call
   */
  static Dialed on(ManagedChannel channel, Consumer<ManagedChannel> call) {
    try {
      call.accept(channel);
    } catch (RuntimeException e) {
      channel.shutdownNow();
      throw e;
    }
    return channel::shutdownNow;
  }
}
