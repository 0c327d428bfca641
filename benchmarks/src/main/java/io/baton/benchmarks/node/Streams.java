package io.baton.benchmarks.node;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.TimeUnit;

/**
 * gRPC with as little around it as it can be used with: one stream with direct executors, on one
 * event loop a process, and messages that are arrays.
 */
final class Streams implements AutoCloseable {

  /** Larger bodies come in several messages, as gRPC would have it. */
  static final int PART_BYTES = 256 << 10;

  private static final String UNIX = "unix:";

  private static final MethodDescriptor<byte[], byte[]> METHOD =
      MethodDescriptor.<byte[], byte[]>newBuilder()
          .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
          .setFullMethodName("bench/Stream")
          .setRequestMarshaller(new Arrays())
          .setResponseMarshaller(new Arrays())
          .build();

  private final MultiThreadIoEventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(
          1, new DefaultThreadFactory("baton-bench-stream", true), EpollIoHandler.newFactory());

  private static final class Arrays implements MethodDescriptor.Marshaller<byte[]> {

    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        byte[] all = new byte[stream.available()];
        if (stream.readNBytes(all, 0, all.length) < all.length || stream.read() >= 0) {
          throw new IOException("a message has not the length that it says");
        }
        return all;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** What a process does with the stream that another opens. */
  interface Handler {

    /**
     * It has been opened.
     *
     * @param back where to answer
     */
    StreamObserver<byte[]> opened(StreamObserver<byte[]> back);
  }

  /**
   * Listens.
   *
   * @param address {@code unix:PATH}, or {@code tcp}, for a free port of loopback
   */
  Server listen(String address, Handler handler) throws IOException {
    boolean unix = address.startsWith(UNIX);
    SocketAddress at =
        unix
            ? new DomainSocketAddress(address.substring(UNIX.length()))
            : new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    return NettyServerBuilder.forAddress(at, InsecureServerCredentials.create())
        .bossEventLoopGroup(loop)
        .workerEventLoopGroup(loop)
        .channelType(unix ? EpollServerDomainSocketChannel.class : EpollServerSocketChannel.class)
        .directExecutor()
        .addService(
            ServerServiceDefinition.builder("bench")
                .addMethod(METHOD, ServerCalls.asyncBidiStreamingCall(handler::opened))
                .build())
        .build()
        .start();
  }

  /** Where the other finds that server. */
  static String address(String asked, Server server) {
    return asked.startsWith(UNIX) ? asked : Integer.toString(server.getPort());
  }

  ManagedChannel channel(String address) {
    boolean unix = address.startsWith(UNIX);
    SocketAddress at =
        unix
            ? new DomainSocketAddress(address.substring(UNIX.length()))
            : new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(address));
    return NettyChannelBuilder.forAddress(at, InsecureChannelCredentials.create())
        .eventLoopGroup(loop)
        .channelType(unix ? EpollDomainSocketChannel.class : EpollSocketChannel.class)
        .overrideAuthority("localhost")
        .proxyDetector(target -> null)
        .directExecutor()
        .build();
  }

  /** Opens the stream, on which answers come to that observer. */
  static StreamObserver<byte[]> open(ManagedChannel channel, StreamObserver<byte[]> answers) {
    ClientCall<byte[], byte[]> call = channel.newCall(METHOD, CallOptions.DEFAULT);
    return ClientCalls.asyncBidiStreamingCall(call, answers);
  }

  /** Ends what has been started here, which is shut down before. */
  @Override
  public void close() {
    var _ = loop.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(5000);
  }

  /** Hears what comes, and nothing of an end, which comes when all has been measured. */
  interface Hearing extends StreamObserver<byte[]> {

    @Override
    default void onError(Throwable error) {}

    @Override
    default void onCompleted() {}
  }
}
