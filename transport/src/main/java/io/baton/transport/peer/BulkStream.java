package io.baton.transport.peer;

import io.baton.proto.v1.BulkFrame;
import io.baton.proto.v1.BulkHello;
import io.baton.proto.v1.Empty;
import io.baton.proto.v1.LinkGrpc;
import io.baton.transport.Budget;
import io.baton.transport.grpc.FlowControlledSender;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.grpc.SenderListener;
import io.baton.transport.grpc.StatusText;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The stream for large bodies beside that of one connection: on a channel, and so on a socket, of
 * its own, which is opened with the first of them. It ends with the connection, and the connection
 * with it, since what was under way on it is lost.
 */
final class BulkStream
    implements Bulk, ClientResponseObserver<BulkFrame, Empty>, SenderListener<BulkFrame> {

  /**
   * How much gRPC may have buffered and still call itself ready: about a part. What is handed over
   * at a time is serialised and written in one go, and small frames wait for that.
   */
  private static final int READY_BYTES = 256 << 10;

  /** What the connection hears. Called on any thread. */
  interface Owner {

    /** There may be room for what could not be sent. */
    void onWritable();

    /** Frames were accepted and will not be sent. */
    void onDropped(List<BulkFrame> frames);

    /** It is no more. */
    void onEnded(String why);
  }

  private final Supplier<ManagedChannel> channels;
  private final SenderLimits limits;
  private final Budget queuedBytes;
  private final Owner owner;
  private final AtomicBoolean ended = new AtomicBoolean();

  /** Once it has said hello: nothing goes before that. */
  private volatile @Nullable FlowControlledSender<BulkFrame> sender;

  // Under the lock.
  private @Nullable FlowControlledSender<BulkFrame> opening;
  private @Nullable ManagedChannel channel;
  private long key;
  private boolean closed;

  BulkStream(
      Supplier<ManagedChannel> channels, SenderLimits limits, Budget queuedBytes, Owner owner) {
    this.channels = channels;
    this.limits = limits;
    this.queuedBytes = queuedBytes;
    this.owner = owner;
  }

  /** What the peer knows it by. To be said before anything is offered. */
  synchronized void is(long welcomedKey) {
    key = welcomedKey;
  }

  @Override
  public boolean offer(BulkFrame frame) {
    FlowControlledSender<BulkFrame> open = sender;
    if (open == null) {
      open = open();
    }
    return open != null && open.offer(frame);
  }

  @Override
  public long queuedBytes() {
    FlowControlledSender<BulkFrame> open = sender;
    return open == null ? 0 : open.queuedBytes();
  }

  /** It, unless it is closed or there is no room for its hello yet. */
  private synchronized @Nullable FlowControlledSender<BulkFrame> open() {
    if (closed || sender != null) {
      return sender;
    }
    if (channel == null) {
      ManagedChannel opened = channels.get();
      channel = opened;
      var _ = LinkGrpc.newStub(opened).withOnReadyThreshold(READY_BYTES).bulk(this);
    }
    FlowControlledSender<BulkFrame> begun = opening;
    BulkHello hello = BulkHello.newBuilder().setKey(key).build();
    if (begun != null && begun.offer(BulkFrame.newBuilder().setHello(hello).build())) {
      sender = begun;
    }
    return sender;
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<BulkFrame> stream) {
    FlowControlledSender<BulkFrame> created =
        new FlowControlledSender<>(
            stream, BulkFrame::getSerializedSize, limits, queuedBytes, this, false);
    stream.setOnReadyHandler(
        () -> {
          created.onReady();
          owner.onWritable();
        });
    opening = created;
  }

  @Override
  public void onNext(Empty answer) {
    // There is nothing to be said.
  }

  @Override
  public void onError(Throwable cause) {
    end(StatusText.of(Status.fromThrowable(cause)));
  }

  @Override
  public void onCompleted() {
    end("the peer ended it");
  }

  @Override
  public void onDropped(List<BulkFrame> frames) {
    owner.onDropped(frames);
  }

  @Override
  public void onEnded(Optional<Throwable> cause) {
    cause.ifPresent(error -> end(StatusText.of(Status.fromThrowable(error))));
  }

  private void end(String why) {
    if (ended.compareAndSet(false, true)) {
      owner.onEnded(why);
    }
  }

  /** Drops what has not been sent. Idempotent. */
  void close() {
    ManagedChannel left;
    synchronized (this) {
      closed = true;
      left = channel;
      channel = null;
    }
    ended.set(true);
    FlowControlledSender<BulkFrame> open = sender;
    if (open != null) {
      open.terminated(Status.CANCELLED.asException());
    }
    if (left != null) {
      left.shutdownNow();
    }
  }
}
