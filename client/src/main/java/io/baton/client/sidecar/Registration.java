package io.baton.client.sidecar;

import io.baton.proto.v1.ProcessFrame;
import io.baton.session.exchange.Failure;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/** A sender's or a receiver's place at the relay, taken anew on every connection. */
final class Registration {

  private final long number;
  private final CompletableFuture<@Nullable Void> registered = new CompletableFuture<>();

  // Only in the link's loop.
  private LongFunction<ProcessFrame> frame;
  private @Nullable SidecarException refusal;
  private boolean closed;

  /**
   * @param number unique in the client's life
   * @param frame what registers it, given the request's number
   */
  Registration(long number, LongFunction<ProcessFrame> frame) {
    this.number = number;
    this.frame = frame;
  }

  long number() {
    return number;
  }

  ProcessFrame frame(long request) {
    return frame.apply(request);
  }

  /** Done when the relay has said yes for the first time. */
  CompletableFuture<@Nullable Void> registered() {
    return registered;
  }

  void accepted() {
    refusal = null;
    registered.complete(null);
  }

  /**
   * Until it is registered anew, its requests fail with this; unless somebody else had the place,
   * of whom the relay knows when he has gone.
   */
  void refused(SidecarException why) {
    refusal = why.reason() == Failure.Reason.CONFLICT ? null : why;
  }

  /** It has no place yet, and may get one with the next connection. */
  void failed(SidecarException why) {
    registered.completeExceptionally(why);
  }

  @Nullable SidecarException refusal() {
    return refusal;
  }

  /** What registers it from now on. */
  void change(LongFunction<ProcessFrame> newFrame) {
    frame = newFrame;
  }

  void close(SidecarException why) {
    closed = true;
    registered.completeExceptionally(why);
  }

  boolean isClosed() {
    return closed;
  }
}
