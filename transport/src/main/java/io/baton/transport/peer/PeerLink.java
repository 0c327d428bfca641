package io.baton.transport.peer;

import com.google.protobuf.ByteString;
import io.baton.proto.v1.PeerFrame;
import io.baton.proto.v1.PeerReply;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.session.model.StageRole;
import io.baton.transport.LaneKind;
import io.baton.transport.Share;
import io.baton.transport.grpc.Channels;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.stream.KeptStream;
import io.baton.transport.stream.StreamConnection;
import io.baton.transport.stream.StreamHandler;
import io.baton.transport.stream.StreamState;
import io.grpc.ManagedChannel;
import java.security.SecureRandom;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The way from this relay to one other. It is kept: when it breaks it is made anew, with whichever
 * lane works then. What is said is said on its {@link PeerConnection}s, of which there is one at a
 * time.
 *
 * <p>Pushes are fire-and-forget: one that is accepted may still be lost, is never sent twice, and
 * may overtake a larger one. Those that come while the first connection is being made wait for it,
 * within bounds. Any thread may call; none is made to wait.
 */
public final class PeerLink implements AutoCloseable {

  private static final int SECRET_BYTES = 16;
  private static final SecureRandom SECRETS = new SecureRandom();

  private final String address;
  private final PeerHost host;
  private final PeerConfig config;
  private final PeerListener listener;
  private final ByteString secret;
  private final Endpoint peer;
  private final KeptStream<PeerFrame, PeerReply> stream;
  private final EarlyPushes early;
  private final PeerCounters counters = new PeerCounters();
  private final AtomicLong stepNumbers = new AtomicLong(OutboundSteps.FIRST_NUMBER);
  private volatile @Nullable RelayId remote;
  private volatile @Nullable PeerConnection last;
  private volatile @Nullable PeerConnection open;

  private PeerLink(
      String address,
      PeerHost host,
      PeerConfig config,
      PeerListener listener,
      RandomGenerator random) {
    this.address = address;
    this.host = host;
    this.config = config;
    this.listener = listener;
    this.secret = drawSecret();
    this.peer = Endpoint.parse(address);
    this.early = new EarlyPushes(config.stream().queue(), host.queuedBodies());
    this.stream =
        new KeptStream<>(
            this::begin,
            PeerFrame::getSerializedSize,
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
      PeerHost host,
      PeerConfig config,
      PeerListener listener,
      RandomGenerator random) {
    PeerLink link = new PeerLink(address, host, config, listener, random);
    link.stream.open();
    return link;
  }

  private StreamHandler<PeerFrame, PeerReply> begin(StreamConnection<PeerFrame> connection) {
    PeerConnection next =
        new PeerConnection(this, host, config, listener, connection, this::channel);
    last = next;
    return next.handler();
  }

  private ManagedChannel channel() {
    return Channels.open(host.loops(), peer, config.credentials(), config.keepAlive());
  }

  /**
   * Sends a push.
   *
   * @param receiver the part that the receiving stage takes: what is for a standby is shed while
   *     most of the room is still free for what is not
   * @return false if it was shed: there is no room or no connection, or the payload is too large.
   *     The client's own path will bring what it carried
   */
  public boolean push(Push push, StageRole receiver) {
    long size = push.payload().bytes();
    Share share = Share.of(receiver);
    boolean accepted =
        stream.state() != StreamState.BACKOFF
            && size <= share.of(config.stream().queue().maxBytes())
            && sendOrKeep(push, share);
    counters.countPush(receiver, accepted, size);
    return accepted;
  }

  private boolean sendOrKeep(Push push, Share share) {
    if (open != null && early.isEmpty()) {
      return send(push, share);
    }
    synchronized (early) {
      return (stream.state() == StreamState.CONNECTING || !early.isEmpty())
          ? early.add(push, share)
          : send(push, share);
    }
  }

  private boolean send(Push push, Share share) {
    PeerConnection connection = open;
    return connection != null && connection.push(push, share);
  }

  /** The connection on which chunks may be offered, if there is one. */
  public Optional<PeerConnection> ready() {
    return Optional.ofNullable(open).filter(PeerConnection::isReady);
  }

  public String address() {
    return address;
  }

  /** By which lane bytes go on the connection that there is, or went on the last. */
  public LaneKind lane() {
    PeerConnection latest = last;
    return latest == null ? LaneKind.GRPC : latest.lane();
  }

  /**
   * Why bytes go by a slower way than they might, in words; empty if nothing is known to be wrong.
   */
  public Optional<String> trouble() {
    PeerConnection latest = last;
    return latest == null ? Optional.empty() : latest.trouble();
  }

  public StreamState state() {
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

  public PeerStats stats() {
    return counters.snapshot();
  }

  /** Drops what has not been sent and lets go of everything. Idempotent; does not wait. */
  @Override
  public void close() {
    stream.close();
    counters.lost.add(early.close());
    PeerConnection latest = last;
    if (latest != null) {
      latest.end();
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

  PeerCounters counters() {
    return counters;
  }

  AtomicLong stepNumbers() {
    return stepNumbers;
  }

  /** What is sent on the connection from now on goes out on it. */
  void welcomed(PeerConnection connection, RelayId by) {
    remote = by;
    open = connection;
  }

  void ready(PeerConnection connection) {
    counters.welcomes.increment();
    synchronized (early) {
      counters.lost.add(early.send(connection::push));
    }
  }

  void lost() {
    open = null;
    counters.lost.add(early.drop());
  }
}
