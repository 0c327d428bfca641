package io.baton.client.session;

import io.baton.proto.codec.HostPort;
import io.baton.session.model.SessionId;
import io.baton.transport.LaneKind;
import io.baton.transport.grpc.Channels;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.payload.PayloadMemory;
import io.baton.transport.payload.PayloadTraffic;
import io.baton.transport.pinned.PoolConfig;
import io.baton.verification.SessionSecret;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Holds the connections to the relays, one for each, and opens sessions over them. Any thread may
 * use it; close it when no session is needed any more.
 */
public final class BatonClient implements AutoCloseable {

  private static final Duration CLOSE_GRACE = Duration.ofSeconds(1);

  private final ScheduledThreadPoolExecutor timer;
  private final EventLoops loops;
  private final Map<HostPort, ManagedChannel> channels = new ConcurrentHashMap<>();
  private final RelayDirectory directory;
  private final PayloadMemory memory;
  private final Set<InferenceSession> sessions = ConcurrentHashMap.newKeySet();
  private final SecureRandom random = new SecureRandom();
  private volatile boolean closed;

  private BatonClient(ClientOptions options) {
    timer =
        new ScheduledThreadPoolExecutor(
            1, task -> Thread.ofPlatform().daemon().name("baton-client-timer").unstarted(task));
    timer.setRemoveOnCancelPolicy(true);
    timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    loops = EventLoops.start("baton-client", 1);
    // Channels exist for the relays that were named and for no others, so there are as many as
    // those.
    options
        .peers()
        .forEach(peer -> channels.put(peer, connect(options.detours().getOrDefault(peer, peer))));
    directory = new RelayDirectory(options, this::channel, timer);
    // Not locked in memory: it is for a moment's use, and relays need what the limit allows.
    memory =
        options.poolBytes() == 0 || !options.lanes().contains(LaneKind.LOCAL)
            ? PayloadMemory.none()
            : PayloadMemory.making(
                PoolConfig.of("client", options.poolBytes()).withLock(false), timer);
  }

  /** Connects to nothing yet. */
  public static BatonClient create(ClientOptions options) {
    return new BatonClient(options);
  }

  private ManagedChannel connect(HostPort peer) {
    return Channels.open(
        loops, new Endpoint.Tcp(peer), InsecureChannelCredentials.create(), KeepAlive.DEFAULT);
  }

  ManagedChannel channel(HostPort peer) {
    ManagedChannel channel = channels.get(peer);
    if (channel == null) {
      throw new IllegalArgumentException(peer + " is not a relay of this client");
    }
    return channel;
  }

  CompletableFuture<RelayDirectory.Listing> list(String modelId) {
    // A channel that has failed waits before it tries again, and whoever asks wants to know now.
    channels.values().forEach(ManagedChannel::resetConnectBackoff);
    return directory.list(modelId);
  }

  PayloadMemory memory() {
    return memory;
  }

  /** Inputs that were sent to relays, by the way in which their bytes went. */
  public PayloadTraffic payloadsSent() {
    return memory.sent();
  }

  /** Outputs that came from relays, by the way in which their bytes went. */
  public PayloadTraffic payloadsReceived() {
    return memory.received();
  }

  ScheduledThreadPoolExecutor timer() {
    return timer;
  }

  void closed(InferenceSession session) {
    sessions.remove(session);
  }

  /** The relays that serve a stage of the model now; those that cannot be reached are left out. */
  public CompletableFuture<List<io.baton.session.route.Candidate>> candidates(String modelId) {
    return list(modelId).thenApply(RelayDirectory.Listing::candidates);
  }

  /**
   * Begins a session and looks for its route.
   *
   * @throws IllegalStateException if the client is closed
   */
  public InferenceSession openSession(SessionOptions options, SessionListener listener) {
    if (closed) {
      throw new IllegalStateException("the client is closed");
    }
    SessionId id = new SessionId(random.nextLong(), random.nextLong());
    InferenceSession session =
        new InferenceSession(this, id, secret(), options, listener, random.nextLong());
    sessions.add(session);
    session.begin();
    return session;
  }

  private SessionSecret secret() {
    byte[] drawn = new byte[SessionSecret.BYTES];
    random.nextBytes(drawn);
    return new SessionSecret(drawn);
  }

  /**
   * Closes the sessions and the connections; the relays get a moment to hear of it. Not to be
   * called by what is chained to a step's future. Idempotent.
   */
  @Override
  public synchronized void close() {
    closed = true;
    sessions.forEach(InferenceSession::close);
    timer.shutdownNow();
    channels.values().forEach(ManagedChannel::shutdown);
    awaitChannels(System.nanoTime() + CLOSE_GRACE.toNanos());
    channels.values().forEach(ManagedChannel::shutdownNow);
    loops.close();
    memory.close();
  }

  /** A relay ends its stream when it has heard that the session is over. */
  private void awaitChannels(long deadlineNanos) {
    try {
      for (ManagedChannel channel : channels.values()) {
        var _ = channel.awaitTermination(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
