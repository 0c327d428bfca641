package io.baton.transport.payload;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.v1.Sharing;
import io.baton.transport.Budget;
import io.baton.transport.lane.LaneKind;
import io.baton.transport.payload.PayloadInbox.Takes;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolException;
import io.baton.transport.pinned.PoolMapping;
import io.baton.transport.pinned.PoolMappings;
import io.baton.transport.pinned.PoolPlaces;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.transport.ucx.UcxHub;
import io.baton.transport.ucx.UcxWay;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How the payloads of all streams of one party travel: a relay, a client, or a stage executor in a
 * process of its own.
 *
 * <p>Between two parties of one host the bytes of a payload stay in the sender's pool, and the
 * message holds the slot's handle. For that each end of a stream says in its first frame where its
 * pool is; whoever can map the other's says so, and from then on may be sent handles. The receiver
 * copies what it is sent, checks that the slot still was the sender's when it had copied, and
 * reports it as consumed, with the next frame that it sends anyway or else soon, several at a time.
 * The sender keeps the slot until then, or until the stream ends: it may free it at once, whatever
 * the other end is doing, since that checks.
 *
 * <p>Between relays, whoever cannot map the pool of a peer that has opened a stream but has UCX, as
 * the peer has, says where payloads can be sent to by it; the peer believes that of the host alone
 * to which it has opened the stream. The message announces the payload then, its bytes go straight
 * from the sender's pool into the receiver's, and the stream waits for whichever of the two is
 * later, so that its order stays.
 *
 * <p>All of this may fail at any time without consequence: no pool, no room in it, another host,
 * another user, no UCX. A payload then goes in the stream's messages.
 *
 * <p>Any thread may use it.
 */
public final class PayloadMemory implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(PayloadMemory.class);

  /** A session is often followed by another with the same relay. */
  private static final int IDLE_POOLS = 16;

  /** More than a host has that is not under attack. */
  private static final int MAX_POOLS = 1024;

  /** How long a slot waits to be reported as consumed, at most. */
  static final Duration REPORT_DELAY = Duration.ofMillis(10);

  private final PayloadFramer framer = new PayloadFramer(ChunkingConfig.DEFAULT);
  private final TrafficCounter sent = new TrafficCounter();
  private final TrafficCounter received = new TrafficCounter();

  /** Of bodies that come by UCX when there is no room for them in the pool. */
  private static final long OWN_BYTES = 64L << 20;

  /**
   * How payloads may travel, other than in messages.
   *
   * @param byHandle whether those of one host stay in shared memory
   * @param ucx for those of others
   * @param streams runs tasks one at a time, and not at the same time as what streams are told
   */
  public record Ways(boolean byHandle, Optional<UcxHub> ucx, Executor streams) {

    /** Without UCX. */
    public static Ways handles() {
      return new Ways(true, Optional.empty(), Runnable::run);
    }

    /** Both, or what of them these lanes name. */
    public static Ways of(List<LaneKind> lanes, Optional<UcxHub> ucx, Executor streams) {
      return new Ways(
          lanes.contains(LaneKind.LOCAL), ucx.filter(_ -> lanes.contains(LaneKind.UCX)), streams);
    }
  }

  private final @Nullable ScheduledExecutorService timer;
  private final @Nullable PoolMappings mappings;
  private final Ways ways;
  private final Budget own = new Budget(OWN_BYTES);
  private final Set<PayloadLink> links = ConcurrentHashMap.newKeySet();
  private final Set<PayloadLink> owing = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean reporting = new AtomicBoolean();

  // Under the lock.
  private final Object lock = new Object();
  private @Nullable PoolConfig toMake;
  private @Nullable PinnedPool made;
  private @Nullable PinnedPool pool;
  private boolean closed;

  private PayloadMemory(
      @Nullable PinnedPool pool,
      @Nullable PoolConfig toMake,
      @Nullable ScheduledExecutorService timer,
      Ways ways) {
    this.pool = pool;
    this.toMake = toMake;
    this.timer = timer;
    this.ways = ways;
    this.mappings = timer == null ? null : new PoolMappings(IDLE_POOLS, timer);
  }

  /**
   * Payloads go in these ways where the other end is able to.
   *
   * @param pool is to be closed by the caller, after this
   * @param timer for reports; its tasks are short
   */
  public static PayloadMemory of(PinnedPool pool, ScheduledExecutorService timer, Ways ways) {
    return new PayloadMemory(pool, null, timer, ways);
  }

  /** The same, with a pool that is made when it is first needed, and removed in the end. */
  public static PayloadMemory making(PoolConfig pool, ScheduledExecutorService timer, Ways ways) {
    return new PayloadMemory(null, pool, timer, ways);
  }

  /** All payloads go in messages. */
  public static PayloadMemory none() {
    return new PayloadMemory(null, null, null, new Ways(false, Optional.empty(), Runnable::run));
  }

  /** Payloads of all streams by the way in which they were sent. */
  public PayloadTraffic sent() {
    return sent.snapshot();
  }

  /** Payloads of all streams by the way in which they arrived. */
  public PayloadTraffic received() {
    return received.snapshot();
  }

  /**
   * For a stream on which payloads go both ways, between a party and its relay: by handle or in
   * messages.
   *
   * @param use of the slots that are sent
   * @param holder of these slots, for a person
   * @param maxBytes of payloads that may lie in the pool for this stream
   * @param report sends this in a frame of its own; called on any thread, and must not block
   */
  public PayloadLink link(PoolUse use, String holder, long maxBytes, Consumer<Sharing> report) {
    return add(
        new PayloadLink(
            this, new PayloadOutbox(this, use, holder, maxBytes, false), Takes.HANDLES, report));
  }

  /**
   * For a stream to another relay, which this end has opened and on which it alone sends payloads.
   */
  public PayloadLink sending(PoolUse use, String holder, long maxBytes) {
    return add(
        new PayloadLink(
            this, new PayloadOutbox(this, use, holder, maxBytes, true), Takes.NOTHING, _ -> {}));
  }

  /** For a stream from another relay, on which this end sends no payloads. */
  public PayloadLink receiving(Consumer<Sharing> report) {
    return add(
        new PayloadLink(
            this, new PayloadOutbox(this, PoolUse.COMMAND, "nobody", 0, false), Takes.ALL, report));
  }

  private PayloadLink add(PayloadLink link) {
    links.add(link);
    synchronized (lock) {
      if (!closed) {
        return link;
      }
    }
    link.close();
    return link;
  }

  void forget(PayloadLink link) {
    links.remove(link);
    owing.remove(link);
  }

  PayloadFramer framer() {
    return framer;
  }

  TrafficCounter sentCounter() {
    return sent;
  }

  TrafficCounter receivedCounter() {
    return received;
  }

  /** UCX, unless it is not there or has ended. */
  Optional<UcxHub> ucx() {
    return ways.ucx().filter(hub -> hub.ended().isEmpty());
  }

  /** A way over UCX to a party that has said at that host what its address is. */
  Optional<UcxWay> connect(ByteString address, InetAddress host) {
    // What is lost on it, the other end misses.
    return ucx().map(hub -> hub.way(address.toByteArray(), host, _ -> {}));
  }

  /** Room for a body that comes by UCX. */
  Optional<Place> place(long bytes) {
    Optional<Slot> slot =
        pool().flatMap(shared -> shared.allocate(bytes, PoolUse.PUSH, "payloads that arrive"));
    if (slot.isPresent()) {
      return Optional.of(new Place.Pooled(slot.get()));
    }
    if (!own.tryTake(bytes)) {
      return Optional.empty();
    }
    Arena arena = Arena.ofShared();
    return Optional.of(new Place.Own(arena, arena.allocate(bytes), own));
  }

  void onStreamsThread(Runnable task) {
    try {
      ways.streams().execute(task);
    } catch (RejectedExecutionException e) {
      // Whatever this belongs to is being closed, and its streams with it.
    }
  }

  Future<?> later(Runnable task, Duration delay) {
    ScheduledExecutorService clock = timer;
    if (clock == null) {
      throw new IllegalStateException("nothing comes later without a timer");
    }
    try {
      return clock.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
    } catch (RejectedExecutionException e) {
      // Whatever this belongs to is being closed, and its streams with it.
      return CompletableFuture.completedFuture(null);
    }
  }

  /** The pool that others of this host may map. */
  Optional<PinnedPool> sharedPool() {
    return ways.byHandle() ? pool() : Optional.empty();
  }

  /** Where payloads are put that are to be sent. */
  Optional<PinnedPool> pool() {
    synchronized (lock) {
      PoolConfig config = toMake;
      if (config != null && !closed) {
        toMake = null;
        try {
          made = PinnedPool.create(config);
          pool = made;
        } catch (PoolException e) {
          LOG.debug("payloads travel in messages: {}", e.getMessage());
        }
      }
      return Optional.ofNullable(pool);
    }
  }

  /**
   * The other end's pool, if it can be mapped. What a stranger names is opened only where pools
   * are.
   *
   * @param anywhere whether the other end is no stranger
   */
  Optional<PoolMappings.Lease> map(PoolAddress address, boolean anywhere) {
    PoolMappings all = mappings;
    if (all == null
        || !ways.byHandle()
        || all.mapped() >= MAX_POOLS
        || !(anywhere || isAmongPools(address.path()))) {
      return Optional.empty();
    }
    try {
      return Optional.of(all.map(address, PoolMapping.Access.READ));
    } catch (PoolException | RuntimeException e) {
      LOG.debug("payloads from there travel in messages: {}", e.getMessage());
      return Optional.empty();
    }
  }

  private boolean isAmongPools(String path) {
    return sharedPool().map(own -> PoolPlaces.has(path, own)).orElseGet(() -> PoolPlaces.has(path));
  }

  static PoolAddress address(Sharing sharing) throws MalformedFrameException {
    try {
      return ExchangeCodec.fromWire(sharing.getPool());
    } catch (MalformedFrameException e) {
      throw e.in("sharing.pool");
    }
  }

  /** Has the link report what it owes, if no frame has taken it along until then. */
  void reportSoon(PayloadLink link) {
    ScheduledExecutorService clock = timer;
    if (clock == null) {
      return;
    }
    owing.add(link);
    if (reporting.compareAndSet(false, true)) {
      try {
        var _ = clock.schedule(this::report, REPORT_DELAY.toNanos(), TimeUnit.NANOSECONDS);
      } catch (RejectedExecutionException e) {
        // Whatever this belongs to is being closed, and its streams with it.
      }
    }
  }

  private void report() {
    reporting.set(false);
    owing.forEach(
        link -> {
          owing.remove(link);
          link.report();
        });
  }

  /** Lets go of everything; streams that are left send in messages. Idempotent. */
  @Override
  public void close() {
    PinnedPool left;
    synchronized (lock) {
      closed = true;
      left = made;
      made = null;
      pool = null;
    }
    links.forEach(PayloadLink::close);
    if (mappings != null) {
      mappings.close();
    }
    if (left != null) {
      left.close();
    }
  }
}
