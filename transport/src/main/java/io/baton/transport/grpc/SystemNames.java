package io.baton.transport.grpc;

import io.baton.proto.codec.HostPort;
import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.grpc.Status;
import io.grpc.StatusOr;
import io.grpc.SynchronizationContext;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Has the system look up names. gRPC's own resolver does the same, but refuses what the grammar of
 * URIs does, such as names with an underscore, which many a network has.
 */
final class SystemNames extends NameResolverProvider {

  private static final String SCHEME = "baton";
  private static final int PRIORITY = 5;

  static {
    NameResolverRegistry.getDefaultRegistry().register(new SystemNames());
  }

  private SystemNames() {}

  /** What a channel to the address is made with. */
  static String target(HostPort address) {
    // A zone's percent sign is none of a URI's.
    return SCHEME
        + ":///"
        + address.toString().replace("%", "%25").replace("[", "").replace("]", "");
  }

  @Override
  protected boolean isAvailable() {
    return true;
  }

  @Override
  protected int priority() {
    return PRIORITY;
  }

  @Override
  public String getDefaultScheme() {
    return SCHEME;
  }

  @Override
  public Collection<Class<? extends SocketAddress>> getProducedSocketAddressTypes() {
    return List.of(InetSocketAddress.class);
  }

  @Override
  public @Nullable NameResolver newNameResolver(URI target, NameResolver.Args args) {
    if (!SCHEME.equals(target.getScheme())) {
      return null;
    }
    String text = target.getPath().substring(1);
    int colon = text.lastIndexOf(':');
    Executor offload = args.getOffloadExecutor();
    return new Resolver(
        new HostPort(text.substring(0, colon), Integer.parseInt(text.substring(colon + 1))),
        args.getSynchronizationContext(),
        offload == null ? Thread::startVirtualThread : offload);
  }

  /** Looks a name up when it is asked to; confined to the channel's synchronization context. */
  private static final class Resolver extends NameResolver {

    private final HostPort address;
    private final SynchronizationContext context;
    private final Executor offload;
    private @Nullable Listener2 listener;
    private boolean lookingUp;

    Resolver(HostPort address, SynchronizationContext context, Executor offload) {
      this.address = address;
      this.context = context;
      this.offload = offload;
    }

    /** What the other end is told that it is called. */
    @Override
    public String getServiceAuthority() {
      String whole = address.toString();
      int zone = whole.indexOf('%');
      return zone < 0 ? whole : whole.substring(0, zone) + whole.substring(whole.indexOf(']'));
    }

    @Override
    public void start(Listener2 listener) {
      this.listener = listener;
      refresh();
    }

    @Override
    public void refresh() {
      if (!lookingUp) {
        lookingUp = true;
        offload.execute(this::lookUp);
      }
    }

    private void lookUp() {
      StatusOr<List<EquivalentAddressGroup>> found = resolved();
      context.execute(
          () -> {
            lookingUp = false;
            Listener2 told = listener;
            if (told != null) {
              var _ =
                  told.onResult2(ResolutionResult.newBuilder().setAddressesOrError(found).build());
            }
          });
    }

    private StatusOr<List<EquivalentAddressGroup>> resolved() {
      try {
        return StatusOr.fromValue(
            Arrays.stream(InetAddress.getAllByName(address.host()))
                .map(ip -> new InetSocketAddress(ip, address.port()))
                .map(EquivalentAddressGroup::new)
                .toList());
      } catch (UnknownHostException e) {
        return StatusOr.fromStatus(
            Status.UNAVAILABLE.withDescription("no such host: " + address.host()).withCause(e));
      }
    }

    @Override
    public void shutdown() {
      listener = null;
    }
  }
}
