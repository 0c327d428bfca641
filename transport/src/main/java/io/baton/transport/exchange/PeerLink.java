package io.baton.transport.exchange;

import com.google.protobuf.ByteString;
import io.baton.proto.v1.ExchangeFrame;
import io.baton.proto.v1.ExchangeReply;
import io.baton.session.model.RelayId;
import io.baton.transport.grpc.Channels;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.lane.LaneKind;
import io.baton.transport.lane.LaneState;
import io.baton.transport.stream.KeptStream;
import io.baton.transport.stream.StreamConnection;
import io.baton.transport.stream.StreamHandler;
import io.grpc.ManagedChannel;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The way on which this relay offers chunks to one other. It is kept: when it breaks it is made
 * anew, with whichever lane works then. What is said is said on its {@link LinkConnection}s, of
 * which there is one at a time. Any thread may call; none is made to wait.
 */
public final class PeerLink implements AutoCloseable {

  private static final int SECRET_BYTES = 16;
  private static final SecureRandom SECRETS = new SecureRandom();

  private final String address;
  private final LinkHost host;
  private final LinkConfig config;
  private final LinkListener listener;
  private final ByteString secret;
  private final Endpoint peer;
  private final KeptStream<ExchangeFrame, ExchangeReply> stream;
  private final LongAdder offered = new LongAdder();
  private final LongAdder taken = new LongAdder();
  private final LongAdder bytes = new LongAdder();
  private final LongAdder welcomes = new LongAdder();
  private volatile @Nullable RelayId remote;
  private volatile @Nullable LinkConnection last;

  private PeerLink(
      String address,
      LinkHost host,
      LinkConfig config,
      LinkListener listener,
      RandomGenerator random) {
    this.address = address;
    this.host = host;
    this.config = config;
    this.listener = listener;
    this.secret = drawSecret();
    this.peer = Endpoint.parse(address);
    this.stream =
        new KeptStream<>(
            this::begin,
            ExchangeFrame::getSerializedSize,
            config.stream(),
            host.queuedBytes(),
            host.timer(),
            random);
  }

  private static ByteString drawSecret() {
    byte[] drawn = new byte[SECRET_BYTES];
    SECRETS.nextBytes(drawn);
    return ByteString.copyFrom(drawn);
  }

  /**
   * Begins to connect and returns without waiting for it.
   *
   * @param address HOST:PORT
   * @param random for jitter; used by one thread at a time
   * @throws IllegalArgumentException if that is no address
   */
  public static PeerLink open(
      String address,
      LinkHost host,
      LinkConfig config,
      LinkListener listener,
      RandomGenerator random) {
    PeerLink link = new PeerLink(address, host, config, listener, random);
    link.stream.open();
    return link;
  }

  private StreamHandler<ExchangeFrame, ExchangeReply> begin(
      StreamConnection<ExchangeFrame> connection) {
    LinkConnection next =
        new LinkConnection(this, host, config, listener, connection, this::channel);
    last = next;
    return next.handler();
  }

  private ManagedChannel channel() {
    return Channels.open(host.loops(), peer, config.credentials(), config.keepAlive());
  }

  public String address() {
    return address;
  }

  /** By which lane bytes go on the connection that there is, or went on the last. */
  public LaneKind lane() {
    LinkConnection open = last;
    return open == null ? LaneKind.GRPC : open.lane();
  }

  /**
   * Why bytes go by a slower way than they might, in words; empty if nothing is known to be wrong.
   */
  public Optional<String> trouble() {
    LinkConnection open = last;
    return open == null ? Optional.empty() : open.trouble();
  }

  public LaneState state() {
    return stream.state();
  }

  /** Who answered at the other end, the last time that somebody did. */
  public Optional<RelayId> remote() {
    return Optional.ofNullable(remote);
  }

  /** Why the last attempt or connection failed, in words. */
  public Optional<String> lastFailure() {
    return stream.lastFailure();
  }

  public LinkStats stats() {
    return new LinkStats(offered.sum(), taken.sum(), bytes.sum(), Math.max(0, welcomes.sum() - 1));
  }

  /** Drops what has not been sent and lets go of everything. Idempotent; does not wait. */
  @Override
  public void close() {
    stream.close();
    LinkConnection open = last;
    if (open != null) {
      open.end();
    }
  }

  // ---- for its connections

  /**
   * What this relay proves to that peer with who it is: the same on every connection of this link,
   * and told to nobody else.
   */
  ByteString secret() {
    return secret;
  }

  void welcomed(RelayId by) {
    remote = by;
  }

  void ready() {
    welcomes.increment();
  }

  void offered() {
    offered.increment();
  }

  void taken() {
    taken.increment();
  }

  void handedOver(long bodyBytes) {
    bytes.add(bodyBytes);
  }
}
