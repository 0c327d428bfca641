package io.baton.transport.grpc;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.ServerChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.unix.DomainSocketAddress;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * The threads on which a process's channels and servers do their input and output, and, where they
 * use a direct executor, run their callbacks. Owned by whoever starts them: gRPC's own shared
 * threads would outlive the relay.
 */
public final class EventLoops implements AutoCloseable {

  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(5);

  private final EventLoopGroup group;

  /** Those that may still have something to do here. */
  private final Set<ManagedChannel> channels = ConcurrentHashMap.newKeySet();

  private final boolean epoll;

  private EventLoops(EventLoopGroup group, boolean epoll) {
    this.group = group;
    this.epoll = epoll;
  }

  /** Threads are daemons, named after {@code name}, and started when first used. */
  public static EventLoops start(String name, int threads) {
    return start(name, threads, Epoll.isAvailable());
  }

  /** Without epoll, whose library cannot be loaded where the temporary directory forbids it. */
  static EventLoops start(String name, int threads, boolean epoll) {
    return new EventLoops(
        new MultiThreadIoEventLoopGroup(
            threads,
            new DefaultThreadFactory(name, true),
            epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory()),
        epoll);
  }

  /** Runs tasks between callbacks; one at a time if there is one thread. */
  public Executor executor() {
    return group;
  }

  EventLoopGroup group() {
    return group;
  }

  /** For a channel that does its work here. */
  void serve(ManagedChannel channel) {
    channels.removeIf(ManagedChannel::isTerminated);
    channels.add(channel);
  }

  /** The type of connections. */
  Class<? extends Channel> channelType(Endpoint endpoint) {
    return switch (endpoint) {
      case Endpoint.Tcp _ -> epoll ? EpollSocketChannel.class : NioSocketChannel.class;
      case Endpoint.Unix _ -> epoll ? EpollDomainSocketChannel.class : NioDomainSocketChannel.class;
    };
  }

  /** The type of listening sockets. */
  Class<? extends ServerChannel> serverChannelType(Endpoint endpoint) {
    return switch (endpoint) {
      case Endpoint.Tcp _ -> epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
      case Endpoint.Unix _ ->
          epoll ? EpollServerDomainSocketChannel.class : NioServerDomainSocketChannel.class;
    };
  }

  /** How those types of sockets want to have a path. */
  SocketAddress address(Endpoint.Unix endpoint) {
    return epoll
        ? new DomainSocketAddress(endpoint.path().toFile())
        : UnixDomainSocketAddress.of(endpoint.path());
  }

  /**
   * Closes what is still open on these threads and stops them. Channels are shut down first: one
   * that finds its threads gone in the middle of that panics.
   *
   * @throws IllegalStateException if they have not stopped after 5 s: a callback is blocking one
   */
  @Override
  public void close() {
    channels.forEach(ManagedChannel::shutdownNow);
    long deadline = System.nanoTime() + STOP_TIMEOUT.toNanos();
    try {
      for (ManagedChannel channel : channels) {
        var _ = channel.awaitTermination(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    boolean stopped =
        group
            .shutdownGracefully(0, STOP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)
            .awaitUninterruptibly(STOP_TIMEOUT.toMillis() + 500, TimeUnit.MILLISECONDS);
    if (!stopped) {
      throw new IllegalStateException("event loops did not stop within " + STOP_TIMEOUT);
    }
  }
}
