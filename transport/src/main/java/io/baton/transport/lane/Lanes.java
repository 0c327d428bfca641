package io.baton.transport.lane;

import io.baton.session.model.Peer;
import io.baton.session.model.Push;
import io.baton.session.model.StageRole;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
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
 * Addresses come from clients, so there is a bound on them: when it is reached, the lane that has
 * been idle longest makes room, unless all of them are in use.
 *
 * <p>Any thread may call; none waits for a connection.
 */
public final class Lanes implements AutoCloseable {

  private static final class Kept {
    final Lane lane;
    volatile long lastUsedNanos;

    Kept(Lane lane, long nowNanos) {
      this.lane = lane;
      this.lastUsedNanos = nowNanos;
    }

    long idleNanos(long nowNanos) {
      return nowNanos - lastUsedNanos;
    }
  }

  private final LaneFactory factory;
  private final LanesConfig config;
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
   * @param nanoTime the clock by which lanes are idle
   * @param timer looks for idle lanes; its tasks are short
   */
  public Lanes(
      LaneFactory factory,
      LanesConfig config,
      LongSupplier nanoTime,
      ScheduledExecutorService timer) {
    this.factory = factory;
    this.config = config;
    this.nanoTime = nanoTime;
    long period = Math.max(1, config.idleTimeout().toNanos() / 4);
    this.sweeper =
        timer.scheduleWithFixedDelay(this::closeIdle, period, period, TimeUnit.NANOSECONDS);
  }

  /**
   * Pushes to a peer that takes that part in the session, opening the lane to it if there is none;
   * false if it was shed.
   */
  public boolean push(Peer peer, Push push, StageRole receiver) {
    Kept kept = kept(peer.address());
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
   *
   * @param address as the peer's client gave it: HOST:PORT
   */
  public void prepare(String address) {
    // What cannot be opened will be refused again, and counted, when there is something to push.
    kept(address);
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

  /** Closes the lanes that have been idle for too long; done regularly without being called. */
  public void closeIdle() {
    long now = nanoTime.getAsLong();
    synchronized (lock) {
      for (Map.Entry<String, Kept> entry : lanes.entrySet()) {
        if (entry.getValue().idleNanos(now) >= config.idleTimeout().toNanos()) {
          remove(entry.getKey(), entry.getValue());
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
      lanes.forEach(this::remove);
    }
  }

  private @Nullable Kept kept(String address) {
    long now = nanoTime.getAsLong();
    Kept kept = lanes.get(address);
    if (kept == null) {
      kept = open(address, now);
    }
    if (kept != null) {
      kept.lastUsedNanos = now;
    }
    return kept;
  }

  private @Nullable Kept open(String address, long now) {
    synchronized (lock) {
      Kept kept = lanes.get(address);
      if (kept != null) {
        return kept;
      }
      if (closed || !makeRoom(now)) {
        return null;
      }
      try {
        kept = new Kept(factory.open(address), now);
      } catch (IllegalArgumentException e) {
        return null;
      }
      lanes.put(address, kept);
      return kept;
    }
  }

  private boolean makeRoom(long now) {
    if (lanes.size() < config.maxLanes()) {
      return true;
    }
    Optional<Map.Entry<String, Kept>> idlest =
        lanes.entrySet().stream()
            .max(Comparator.comparingLong(entry -> entry.getValue().idleNanos(now)))
            .filter(entry -> entry.getValue().idleNanos(now) >= config.evictAfter().toNanos());
    idlest.ifPresent(entry -> remove(entry.getKey(), entry.getValue()));
    return idlest.isPresent();
  }

  private void remove(String address, Kept kept) {
    lanes.remove(address);
    kept.lane.close();
    closedLanes = closedLanes.plus(kept.lane.stats());
  }
}
