package io.baton.transport.lane;

import io.baton.session.FairShare;
import io.baton.session.model.Peer;
import io.baton.session.model.Push;
import io.baton.session.model.StageRole;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The lanes of one relay: one for each peer's address, opened when it is first needed and kept.
 *
 * <p>Addresses come from clients, who can name any, so a lane is opened only for a {@link User}, a
 * session that is open, which has {@link #LANES_EACH} at a time; and of all lanes a client has a
 * fair share. When the last user of a lane leaves it, a lane that is connected stays, for the next
 * session; any other is closed, and nobody is dialled for a session that is over. When there are as
 * many as there may be, a lane that nobody uses makes room, or else the one that has been idle
 * longest, unless all of them are in use.
 *
 * <p>Any thread may call; none waits for a connection.
 */
public final class Lanes implements AutoCloseable {

  /** The next stage and its standby, and those that they have just replaced. */
  static final int LANES_EACH = 4;

  private static final Duration SWEEP_PERIOD = Duration.ofSeconds(5);

  private static final class Kept {
    final String address;
    final Lane lane;
    volatile long lastUsedNanos;

    // Under the lock. It counts as that of the first.
    final Set<User> users = new LinkedHashSet<>();

    Kept(String address, Lane lane, long nowNanos) {
      this.address = address;
      this.lane = lane;
      this.lastUsedNanos = nowNanos;
    }

    Optional<Object> holder() {
      return users.stream().findFirst().map(user -> user.holder);
    }

    long idleNanos(long nowNanos) {
      return nowNanos - lastUsedNanos;
    }
  }

  private final LaneFactory factory;
  private final LanesConfig config;
  private final FairShare share;
  private final LongSupplier nanoTime;
  private final ScheduledFuture<?> sweeper;
  private final LongAdder refused = new LongAdder();
  private final LongAdder standbyRefused = new LongAdder();

  // Written under the lock; read without.
  private final Map<String, Kept> lanes = new ConcurrentHashMap<>();
  private final Object lock = new Object();
  private LaneStats closedLanes = LaneStats.NONE;
  private volatile boolean closed;

  /**
   * With no lane yet.
   *
   * @param share of the lanes that the sessions of one client may use
   * @param nanoTime the clock by which lanes are idle
   * @param timer looks for idle lanes; its tasks are short
   */
  public Lanes(
      LaneFactory factory,
      LanesConfig config,
      FairShare share,
      LongSupplier nanoTime,
      ScheduledExecutorService timer) {
    this.factory = factory;
    this.config = config;
    this.share = share;
    this.nanoTime = nanoTime;
    long period = Math.max(1, Math.min(config.idleTimeout().toNanos() / 4, SWEEP_PERIOD.toNanos()));
    this.sweeper =
        timer.scheduleWithFixedDelay(this::closeIdle, period, period, TimeUnit.NANOSECONDS);
  }

  /** Whoever pushes for one session; its lanes are held by nobody when it is closed. */
  public final class User implements AutoCloseable {

    private final Object holder;

    // Under the lock; the one that was begun with last stands last.
    private final Map<String, Kept> used = new LinkedHashMap<>();
    private boolean over;

    private User(Object holder) {
      this.holder = holder;
    }

    /**
     * Pushes to a peer that takes that part in the session, opening the lane to it if there is
     * none; false if it was shed.
     */
    public boolean push(Peer peer, Push push, StageRole receiver) {
      Kept kept = kept(this, peer.address());
      if (kept == null) {
        switch (receiver) {
          case ACTIVE -> refused.increment();
          case STANDBY -> standbyRefused.increment();
        }
        return false;
      }
      return kept.lane.push(push, receiver);
    }

    /**
     * Opens the lane to a peer that will be pushed to soon, so that the first push does not have to
     * wait for a connection.
     */
    public void prepare(Peer peer) {
      // What cannot be opened will be refused again, and counted, when there is something to push.
      kept(this, peer.address());
    }

    /** Leaves its lanes. Idempotent. */
    @Override
    public void close() {
      synchronized (lock) {
        over = true;
        List.copyOf(used.values()).forEach(kept -> leave(this, kept));
      }
    }
  }

  /**
   * Of a session that is open.
   *
   * @param holder whose share of the lanes it uses: its client's
   */
  public User user(Object holder) {
    return new User(holder);
  }

  /** The lane to an address, if there is one. */
  public Optional<Lane> lane(String address) {
    return Optional.ofNullable(lanes.get(address)).map(kept -> kept.lane);
  }

  /** The open lanes by their addresses. */
  public Map<String, Lane> open() {
    Map<String, Lane> open = new TreeMap<>();
    lanes.forEach((address, kept) -> open.put(address, kept.lane));
    return open;
  }

  /** Of all lanes, the closed ones included; shed counts what no lane could be opened for, too. */
  public LaneStats stats() {
    synchronized (lock) {
      LaneStats total =
          closedLanes.plus(new LaneStats(0, refused.sum(), 0, standbyRefused.sum(), 0, 0, 0, 0, 0));
      for (Kept kept : lanes.values()) {
        total = total.plus(kept.lane.stats());
      }
      return total;
    }
  }

  /**
   * Closes the lanes that have been idle for too long, and those that nobody uses and that have
   * lost their connection; done regularly without being called.
   */
  public void closeIdle() {
    long now = nanoTime.getAsLong();
    synchronized (lock) {
      for (Kept kept : lanes.values()) {
        if (kept.idleNanos(now) >= config.idleTimeout().toNanos()) {
          remove(kept);
        } else {
          closeIfOfNoUse(kept);
        }
      }
    }
  }

  /** Closes every lane and opens none any more. Idempotent. */
  @Override
  public void close() {
    sweeper.cancel(false);
    synchronized (lock) {
      closed = true;
      lanes.values().forEach(this::remove);
    }
  }

  private @Nullable Kept kept(User user, String address) {
    long now = nanoTime.getAsLong();
    synchronized (lock) {
      Kept kept = user.used.get(address);
      if (kept == null) {
        kept = join(user, address, now);
      }
      if (kept != null) {
        kept.lastUsedNanos = now;
      }
      return kept;
    }
  }

  private @Nullable Kept join(User user, String address, long now) {
    if (user.over || closed) {
      return null;
    }
    Kept kept = lanes.get(address);
    if (kept == null) {
      kept = open(user, address, now);
    }
    if (kept != null) {
      kept.users.add(user);
      user.used.put(address, kept);
      if (user.used.size() > LANES_EACH) {
        leave(user, user.used.values().iterator().next());
      }
    }
    return kept;
  }

  private void leave(User user, Kept kept) {
    user.used.remove(kept.address);
    kept.users.remove(user);
    closeIfOfNoUse(kept);
  }

  /** Nobody's client vouches for the address any more, and no relay is there. */
  private void closeIfOfNoUse(Kept kept) {
    if (kept.users.isEmpty() && kept.lane.state() != LaneState.READY) {
      remove(kept);
    }
  }

  private @Nullable Kept open(User user, String address, long now) {
    if (!hasShare(user) || !makeRoom(now)) {
      return null;
    }
    try {
      Kept kept = new Kept(address, factory.open(address), now);
      lanes.put(address, kept);
      return kept;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** Lanes that nobody uses are in nobody's way. */
  private boolean hasShare(User user) {
    long own = 0;
    long held = 0;
    for (Kept kept : lanes.values()) {
      Optional<Object> holder = kept.holder();
      held += holder.isPresent() ? 1 : 0;
      own += holder.filter(user.holder::equals).isPresent() ? 1 : 0;
    }
    return share.admits(own, 1, config.maxLanes() - held);
  }

  private boolean makeRoom(long now) {
    if (lanes.size() < config.maxLanes()) {
      return true;
    }
    Optional<Kept> leastNeeded =
        lanes.values().stream()
            .filter(
                kept ->
                    kept.users.isEmpty() || kept.idleNanos(now) >= config.evictAfter().toNanos())
            .max(
                Comparator.comparing((Kept kept) -> kept.users.isEmpty())
                    .thenComparingLong(kept -> kept.idleNanos(now)));
    leastNeeded.ifPresent(this::remove);
    return leastNeeded.isPresent();
  }

  private void remove(Kept kept) {
    lanes.remove(kept.address);
    kept.users.forEach(user -> user.used.remove(kept.address));
    kept.users.clear();
    kept.lane.close();
    closedLanes = closedLanes.plus(kept.lane.stats());
  }
}
