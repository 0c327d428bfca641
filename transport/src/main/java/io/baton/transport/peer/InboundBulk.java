package io.baton.transport.peer;

import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.v1.BulkFrame;
import io.baton.proto.v1.Empty;
import io.baton.transport.grpc.StallWatch;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The receiving side of a stream for large bodies: finds the connection that it belongs to, and
 * hands it what comes. gRPC calls it from one thread at a time.
 */
final class InboundBulk implements StreamObserver<BulkFrame> {

  private final ServerCallStreamObserver<Empty> call;
  private final LongFunction<Optional<InboundConnection>> connections;
  private final Runnable onSettled;
  private final StallWatch hello;
  private final AtomicBoolean settled = new AtomicBoolean();
  private final AtomicBoolean over = new AtomicBoolean();
  private volatile @Nullable InboundConnection connection;

  /**
   * @param connections finds one by its key
   * @param onSettled told once when it belongs to a connection, or is over without one
   */
  InboundBulk(
      ServerCallStreamObserver<Empty> call,
      LongFunction<Optional<InboundConnection>> connections,
      Runnable onSettled,
      ScheduledExecutorService timer,
      Duration patience) {
    this.call = call;
    this.connections = connections;
    this.onSettled = onSettled;
    this.hello =
        new StallWatch(
            timer, patience, what -> end(Status.DEADLINE_EXCEEDED, what + " did not come"));
  }

  /** To be called once. */
  void awaitHello() {
    hello.awaits("a hello");
    if (settled.get()) {
      hello.close();
    }
  }

  @Override
  public void onNext(BulkFrame frame) {
    if (over.get()) {
      return;
    }
    try {
      take(frame);
    } catch (MalformedFrameException e) {
      end(Status.INVALID_ARGUMENT, String.valueOf(e.getMessage()));
    }
  }

  private void take(BulkFrame frame) throws MalformedFrameException {
    InboundConnection its = connection;
    if (its == null) {
      if (!frame.hasHello()) {
        throw new MalformedFrameException("hello", "missing");
      }
      join(frame.getHello().getKey());
      return;
    }
    switch (frame.getFrameCase()) {
      case PARCEL -> its.hear(frame.getParcel());
      case BODY -> its.hear(frame.getBody());
      case HELLO -> throw new MalformedFrameException("hello", "comes twice");
      case FRAME_NOT_SET ->
          throw new MalformedFrameException("frame", "missing, unknown or unreadable");
    }
  }

  private void join(long key) {
    Optional<InboundConnection> found = connections.apply(key);
    if (found.isEmpty() || !found.get().join(this)) {
      end(Status.FAILED_PRECONDITION, "no link has that key, or it has its stream already");
      return;
    }
    connection = found.get();
    settle();
  }

  @Override
  public void onError(Throwable cause) {
    lose(String.valueOf(cause.getMessage()));
  }

  @Override
  public void onCompleted() {
    lose("the peer ended the stream of bodies");
  }

  /** The call is over, in whichever way. */
  void lose(String why) {
    if (over.compareAndSet(false, true)) {
      settle();
      InboundConnection its = connection;
      if (its != null) {
        its.loseBulk(why);
      }
    }
  }

  /** Its connection is over. */
  void close() {
    end(Status.UNAVAILABLE, "the link has ended");
  }

  private void end(Status status, String why) {
    if (over.get()) {
      return;
    }
    try {
      call.onError(status.withDescription(why).asException());
    } catch (IllegalStateException e) {
      // The call is over meanwhile.
    }
    lose(why);
  }

  private void settle() {
    if (settled.compareAndSet(false, true)) {
      hello.close();
      onSettled.run();
    }
  }
}
