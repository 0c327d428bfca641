package io.baton.transport.grpc;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * Who calls, as far as an address tells: what limits for each client go by. All of a host's
 * loopback addresses are one, as are all processes at a Unix-domain socket, and the addresses of
 * one IPv6 network of 64 bits, of which a host may have any number.
 */
public record Caller(String name) {

  /** A process of this host. */
  public static final Caller LOCAL = new Caller("this host");

  private static final int NETWORK_BYTES = 8;

  private static final Context.Key<Caller> KEY = Context.keyWithDefault("caller", LOCAL);

  /** Of the call that is just being taken; to be asked where a service's method begins. */
  public static Caller current() {
    return KEY.get();
  }

  /** Whoever is at that address. */
  public static Caller of(@Nullable SocketAddress address) {
    if (!(address instanceof InetSocketAddress socket) || socket.getAddress() == null) {
      return LOCAL;
    }
    InetAddress host = socket.getAddress();
    if (host.isLoopbackAddress()) {
      return LOCAL;
    }
    return new Caller(
        host instanceof Inet6Address
            ? HexFormat.of().formatHex(Arrays.copyOf(host.getAddress(), NETWORK_BYTES)) + "::/64"
            : String.valueOf(host.getHostAddress()));
  }

  @Override
  public String toString() {
    return name;
  }

  /** Tells services who calls. */
  static final class Interceptor implements ServerInterceptor {

    @Override
    public <Q, S> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
      Caller caller = of(call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
      return Contexts.interceptCall(Context.current().withValue(KEY, caller), call, headers, next);
    }
  }
}
