package io.baton.transport.payload;

import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.v1.Sharing;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolException;
import io.baton.transport.pinned.PoolMapping;
import io.baton.transport.pinned.PoolMappings;
import io.baton.transport.pinned.PoolUse;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How the payloads of all streams of one party travel to processes of its host and from clients: a
 * relay, a client, or a stage executor in a process of its own.
 *
 * <p>Between two parties of one host the bytes of a payload stay in the sender's pool, and the
 * message holds the slot's handle. For that each end of a stream says in its first frame where its
 * pool is; whoever can map the other's says so, and from then on may be sent handles. The receiver
 * copies what it is sent, checks that the slot still was the sender's when it had copied, and
 * reports it as consumed, with the next frame that it sends anyway or else soon, several at a time.
 * The sender keeps the slot until then, or until the stream ends: it may free it at once, whatever
 * the other end is doing, since that checks.
 *
 * <p>All of this may fail at any time without consequence: no pool, no room in it, another host,
 * another user. A payload then goes in the stream's messages.
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

  private final @Nullable ScheduledExecutorService timer;
  private final @Nullable PoolMappings mappings;
  private final boolean byHandle;
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
      boolean byHandle) {
    this.pool = pool;
    this.toMake = toMake;
    this.timer = timer;
    this.byHandle = byHandle;
    this.mappings = timer == null ? null : new PoolMappings(IDLE_POOLS, timer);
  }

  /**
   * Payloads go by handle where the other end is able to.
   *
   * @param pool is to be closed by the caller, after this
   * @param timer for reports; its tasks are short
   * @param byHandle whether they may; if not, all go in messages
   */
  public static PayloadMemory of(
      PinnedPool pool, ScheduledExecutorService timer, boolean byHandle) {
    return new PayloadMemory(pool, null, timer, byHandle);
  }

  /** By handle, with a pool that is made when it is first needed, and removed in the end. */
  public static PayloadMemory making(PoolConfig pool, ScheduledExecutorService timer) {
    return new PayloadMemory(null, pool, timer, true);
  }

  /** All payloads go in messages. */
  public static PayloadMemory none() {
    return new PayloadMemory(null, null, null, false);
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
    return add(new PayloadLink(this, new PayloadOutbox(this, use, holder, maxBytes), report));
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

  /** Of payloads that are sent, whoever sends them. */
  public TrafficCounter sentCounter() {
    return sent;
  }

  /** Of payloads that arrive, wherever. */
  public TrafficCounter receivedCounter() {
    return received;
  }

  /** The pool that others of this host may map. */
  Optional<PinnedPool> sharedPool() {
    return byHandle ? pool() : Optional.empty();
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

  /** The other end's pool, if it can be mapped. */
  Optional<PoolMappings.Lease> map(PoolAddress address) {
    PoolMappings all = mappings;
    if (all == null || !byHandle || all.mapped() >= MAX_POOLS) {
      return Optional.empty();
    }
    try {
      return Optional.of(all.map(address, PoolMapping.Access.READ));
    } catch (PoolException | RuntimeException e) {
      LOG.debug("payloads from there travel in messages: {}", e.getMessage());
      return Optional.empty();
    }
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
