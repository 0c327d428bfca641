package io.baton.transport.grpc;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Remembers which host answers a call: that of the connection, whatever it says of itself. For one
 * call.
 */
public final class RemoteHost implements ClientInterceptor {

  private volatile @Nullable InetAddress host;

  /** Known from the first answer on; nothing where the connection is not of a network. */
  public Optional<InetAddress> get() {
    return Optional.ofNullable(host);
  }

  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      @Override
      public void start(Listener<A> listener, Metadata headers) {
        super.start(
            new SimpleForwardingClientCallListener<>(listener) {
              @Override
              public void onHeaders(Metadata answered) {
                remember(getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
                super.onHeaders(answered);
              }
            },
            headers);
      }
    };
  }

  private void remember(@Nullable SocketAddress remote) {
    host = remote instanceof InetSocketAddress address ? address.getAddress() : null;
  }
}
