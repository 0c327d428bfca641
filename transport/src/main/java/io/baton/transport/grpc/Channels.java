package io.baton.transport.grpc;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import java.util.concurrent.TimeUnit;

/** Opens channels to relays. */
public final class Channels {

  private static final int CONNECT_TIMEOUT_MILLIS = 5_000;

  private Channels() {}

  /**
   * A channel that connects when it is first used. Messages stay within gRPC's own limit of 4 MiB.
   *
   * <p>Calls stand for themselves: one that is made in the course of another does not end with it,
   * as gRPC would have it otherwise.
   *
   * <p>Callbacks run on an event loop, directly, which spares a hop between threads: they must be
   * short and must not block. The caller shuts the channel down before it closes the loops.
   *
   * @param credentials for a host; a Unix-domain socket is guarded by its file's permissions
   */
  public static ManagedChannel open(
      EventLoops loops, Endpoint endpoint, ChannelCredentials credentials, KeepAlive keepAlive) {
    ManagedChannel channel =
        builder(loops, endpoint, credentials)
            .eventLoopGroup(loops.group())
            .channelType(loops.channelType(endpoint))
            .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, CONNECT_TIMEOUT_MILLIS)
            .directExecutor()
            .intercept(new Independent())
            // A relay is reached directly, whatever proxy this host uses for the web.
            .proxyDetector(target -> null)
            .keepAliveTime(keepAlive.interval().toNanos(), TimeUnit.NANOSECONDS)
            .keepAliveTimeout(keepAlive.timeout().toNanos(), TimeUnit.NANOSECONDS)
            .keepAliveWithoutCalls(true)
            // Whether to try again is for those to decide who know what is worth sending again.
            .disableRetry()
            .build();
    loops.serve(channel);
    return channel;
  }

  private static NettyChannelBuilder builder(
      EventLoops loops, Endpoint endpoint, ChannelCredentials credentials) {
    return switch (endpoint) {
      case Endpoint.Tcp(var address) ->
          NettyChannelBuilder.forTarget(SystemNames.target(address), credentials)
              .withOption(ChannelOption.TCP_NODELAY, true);
      case Endpoint.Unix unix ->
          NettyChannelBuilder.forAddress(loops.address(unix), credentials)
              .overrideAuthority("localhost");
    };
  }

  /** Makes every call in the root context, which nobody cancels. */
  private static final class Independent implements ClientInterceptor {

    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(
        MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
      Context caller = Context.ROOT.attach();
      try {
        return next.newCall(method, options);
      } finally {
        Context.ROOT.detach(caller);
      }
    }
  }
}
