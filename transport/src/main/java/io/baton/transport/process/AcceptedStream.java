package io.baton.transport.process;

import com.google.protobuf.MessageLite;
import io.baton.transport.grpc.Batching;
import io.baton.transport.grpc.Deaf;
import io.baton.transport.grpc.KeepAlive;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Optional;
import java.util.function.Function;

/**
 * The end of a stream that did not open it, as gRPC's services know it. Frames are taken as they
 * come; handlers are to be set before the first of them.
 *
 * @param <Q> what this end says
 * @param <A> what it hears
 */
public final class AcceptedStream<Q extends MessageLite, A extends MessageLite>
    extends ServerCallStreamObserver<Q> implements Batching {

  private final SocketLoop loop;
  private final SocketStream<Q, A> stream;
  private final Runnable onEnded;
  private StreamObserver<A> listener = new Deaf<>();
  private Runnable onReady = () -> {};
  private Runnable onCancel = () -> {};
  private Runnable onClose = () -> {};
  private volatile boolean cancelled;

  AcceptedStream(SocketLoop loop, SocketChannel channel, Dialect<Q, A> dialect, Runnable onEnded) {
    this.loop = loop;
    this.onEnded = onEnded;
    this.stream = new SocketStream<>(loop, channel, dialect, new Told());
  }

  void begin(Function<AcceptedStream<Q, A>, StreamObserver<A>> service) throws IOException {
    listener = service.apply(this);
    stream.connected();
  }

  /** Whether to ask the other end, when it says nothing for a time, if it lives; not at first. */
  public void keepAlive(Optional<KeepAlive> how) {
    loop.execute(() -> stream.keepAlive(how.orElse(null)));
  }

  @Override
  public boolean isReady() {
    return stream.isReady();
  }

  @Override
  public void onNext(Q frame) {
    stream.write(frame);
  }

  @Override
  public void flush() {
    stream.flush();
  }

  @Override
  public void onError(Throwable cause) {
    stream.end(Endings.failure(cause));
  }

  @Override
  public void onCompleted() {
    stream.end(Status.OK);
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }

  @Override
  public void setOnReadyHandler(Runnable handler) {
    onReady = handler;
  }

  @Override
  public void setOnCancelHandler(Runnable handler) {
    onCancel = handler;
  }

  @Override
  public void setOnCloseHandler(Runnable handler) {
    onClose = handler;
  }

  @Override
  public void setCompression(String compression) {
    throw new UnsupportedOperationException("nothing is compressed here");
  }

  @Override
  public void setMessageCompression(boolean enable) {
    throw new UnsupportedOperationException("nothing is compressed here");
  }

  @Override
  public void disableAutoInboundFlowControl() {
    throw new UnsupportedOperationException("frames are taken as they come");
  }

  @Override
  public void request(int count) {
    throw new UnsupportedOperationException("frames are taken as they come");
  }

  private final class Told implements SocketStream.Events<A> {

    @Override
    public void heard(A frame) {
      listener.onNext(frame);
    }

    @Override
    public void writable() {
      onReady.run();
    }

    @Override
    public void completed() {
      listener.onCompleted();
    }

    @Override
    public void ended(Status status, boolean here) {
      cancelled = !here;
      onEnded.run();
      if (here) {
        onClose.run();
      } else {
        onCancel.run();
      }
    }
  }
}
