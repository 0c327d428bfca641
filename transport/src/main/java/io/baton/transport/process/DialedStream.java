package io.baton.transport.process;

import com.google.protobuf.MessageLite;
import io.baton.transport.grpc.Batching;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.stream.Dialed;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The end of a stream that opens it, as gRPC's stubs know it.
 *
 * @param <Q> what this end says
 * @param <A> what it hears
 */
public final class DialedStream<Q extends MessageLite, A extends MessageLite>
    extends ClientCallStreamObserver<Q> implements Batching, Dialed {

  private final SocketChannel channel;
  private final SocketStream<Q, A> stream;
  private final ClientResponseObserver<Q, A> observer;
  private volatile Runnable onReady = () -> {};

  private DialedStream(
      SocketLoop loop,
      SocketChannel channel,
      Dialect<Q, A> dialect,
      ClientResponseObserver<Q, A> observer) {
    this.channel = channel;
    this.observer = observer;
    this.stream = new SocketStream<>(loop, channel, dialect, new Told());
  }

  /**
   * Begins to connect and returns without waiting for it. The observer is told in the loop, which
   * may be before this returns.
   */
  public static <Q extends MessageLite, A extends MessageLite> DialedStream<Q, A> dial(
      SocketLoop loop,
      Path socket,
      Dialect<Q, A> dialect,
      KeepAlive keepAlive,
      ClientResponseObserver<Q, A> observer) {
    DialedStream<Q, A> dialed = new DialedStream<>(loop, open(), dialect, observer);
    observer.beforeStart(dialed);
    loop.execute(() -> dialed.connect(socket, keepAlive));
    return dialed;
  }

  private static SocketChannel open() {
    try {
      return SocketChannel.open(StandardProtocolFamily.UNIX);
    } catch (IOException e) {
      throw Status.UNAVAILABLE.withDescription(e.getMessage()).withCause(e).asRuntimeException();
    }
  }

  private void connect(Path socket, KeepAlive keepAlive) {
    try {
      channel.configureBlocking(false);
      if (!channel.connect(UnixDomainSocketAddress.of(socket))) {
        throw new ConnectException("it takes no connections now");
      }
      stream.keepAlive(keepAlive);
      stream.connected();
    } catch (IOException e) {
      stream.failed(Status.UNAVAILABLE.withCause(reason(e)));
    }
  }

  /** The system says it in words only. */
  private static Exception reason(IOException failure) {
    String message = String.valueOf(failure.getMessage());
    if (message.contains("No such file")) {
      return new FileNotFoundException(message);
    }
    return message.contains("refused") ? new ConnectException(message) : failure;
  }

  @Override
  public void hangUp() {
    stream.cut(Status.CANCELLED.withDescription("hung up"));
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
  public void cancel(@Nullable String message, @Nullable Throwable cause) {
    stream.cut(Status.CANCELLED.withDescription(message).withCause(cause));
  }

  @Override
  public void setOnReadyHandler(Runnable handler) {
    onReady = handler;
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

    private boolean completed;

    @Override
    public void heard(A frame) {
      observer.onNext(frame);
    }

    @Override
    public void writable() {
      onReady.run();
    }

    @Override
    public void completed() {
      completed = true;
      observer.onCompleted();
      hangUp();
    }

    @Override
    public void ended(Status status, boolean here) {
      if (!completed) {
        observer.onError(status.asException());
      }
    }
  }
}
