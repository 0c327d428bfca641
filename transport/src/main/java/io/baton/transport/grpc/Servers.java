package io.baton.transport.grpc;

import io.baton.proto.codec.HostPort;
import io.baton.transport.grpc.BindFailedException.Reason;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Starts servers. */
public final class Servers {

  private static final int HANDSHAKE_TIMEOUT_SECONDS = 10;
  private static final int PERMITTED_KEEPALIVE_SECONDS = 5;

  private Servers() {}

  /**
   * Listens, and serves until the result is closed, which must come before the loops are.
   *
   * <p>At a Unix-domain socket, what a dead server has left of it is removed, a live one's is left
   * alone, and only this user may connect; to be strict about it from the first moment, put the
   * socket into a directory that is closed to others.
   *
   * <p>A message that cannot be parsed reaches its service as an empty one, which the service is to
   * refuse as malformed. Services are told who calls by {@link Caller#current}.
   *
   * @throws BindFailedException if the endpoint cannot be listened at
   */
  public static BoundServer start(
      EventLoops loops,
      Endpoint endpoint,
      ServerSettings settings,
      List<? extends BindableService> services)
      throws BindFailedException {
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(address(loops, endpoint), settings.credentials())
            .bossEventLoopGroup(loops.group())
            .workerEventLoopGroup(loops.group())
            .channelType(loops.serverChannelType(endpoint))
            .executor(settings.executor())
            .maxConcurrentCallsPerConnection(settings.maxCallsPerConnection())
            .handshakeTimeout(HANDSHAKE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
            .keepAliveTime(settings.keepAlive().interval().toNanos(), TimeUnit.NANOSECONDS)
            .keepAliveTimeout(settings.keepAlive().timeout().toNanos(), TimeUnit.NANOSECONDS)
            // Clients ask every 10 s; a server that forbids that cuts them off.
            .permitKeepAliveTime(PERMITTED_KEEPALIVE_SECONDS, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true);
    if (endpoint instanceof Endpoint.Tcp) {
      builder.withChildOption(ChannelOption.TCP_NODELAY, true);
    }
    builder.intercept(new Caller.Interceptor());
    services.forEach(service -> builder.addService(TolerantParsing.of(service.bindService())));
    Server server = builder.build();
    try {
      server.start();
      return new BoundServer(server, bound(endpoint, server));
    } catch (IOException e) {
      server.shutdownNow();
      throw BindFailedException.of(endpoint, e);
    }
  }

  private static SocketAddress address(EventLoops loops, Endpoint endpoint)
      throws BindFailedException {
    switch (endpoint) {
      case Endpoint.Tcp(HostPort address) -> {
        InetSocketAddress resolved = new InetSocketAddress(address.host(), address.port());
        if (resolved.isUnresolved()) {
          throw new BindFailedException(endpoint, Reason.UNKNOWN_HOST);
        }
        return resolved;
      }
      case Endpoint.Unix unix -> {
        SocketFile.removeStale(unix);
        return loops.address(unix);
      }
    }
  }

  private static Endpoint bound(Endpoint endpoint, Server server) throws IOException {
    return switch (endpoint) {
      case Endpoint.Tcp(HostPort address) -> Endpoint.tcp(address.host(), server.getPort());
      case Endpoint.Unix unix -> {
        SocketFile.closeToOthers(unix);
        yield endpoint;
      }
    };
  }
}
