package io.baton.transport.peer;

import io.baton.session.FairShare;
import io.baton.session.model.Peer;
import io.baton.session.model.Push;
import io.baton.session.model.StageRole;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.stream.StreamState;
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
 * The links of one relay: one for each peer's address, opened when it is first needed and kept.
 *
 * <p>Addresses come from clients, who can name any, so for them a link is opened only for a {@link
 * User}, a session that is open, which has {@link #LINKS_EACH} at a time; and of all links a client
 * has a fair share. Those to which chunks are sent are {@link #hold held} for as long as there are
 * some. When nobody uses a link any more, it stays if it is connected, for whoever comes next; if
 * not it is closed, and nobody is dialled for what is over. When there are as many as there may be,
 * a link that nobody uses makes room, or else the one that has been idle longest, unless all of
 * them are in use.
 *
 * <p>Any thread may call; none waits for a connection.
 */
public final class PeerLinks implements AutoCloseable {

  /** The next stage and its standby, and those that they have just replaced. */
  static final int LINKS_EACH = 4;

  private static final Duration SWEEP_PERIOD = Duration.ofSeconds(5);

  /** Opens links: the one place that decides how a peer is reached. */
  @FunctionalInterface
  public interface Opener {

    /**
     * Begins to connect and returns without waiting for it.
     *
     * @param address as the peer gave it: HOST:PORT
     * @throws IllegalArgumentException if that is no address
     */
    PeerLink open(String address);
  }

  /**
   * A link that there is.
   *
   * @param ofThisHost whether a process of this host has named its address, and not clients alone
   */
  public record Open(PeerLink link, boolean ofThisHost) {}

  private static final class Kept {
    final String address;
    final PeerLink link;
    volatile long lastUsedNanos;

    // Under the lock. It counts as that of the first.
    final Set<User> users = new LinkedHashSet<>();
    boolean held;
    boolean ofThisHost;

    Kept(String address, PeerLink link, long nowNanos) {
      this.address = address;
      this.link = link;
      this.lastUsedNanos = nowNanos;
    }

    boolean isUnused() {
      return users.isEmpty() && !held;
    }

    Optional<Object> holder() {
      return users.stream().findFirst().map(user -> user.holder);
    }

    long idleNanos(long nowNanos) {
      return nowNanos - lastUsedNanos;
    }
  }

  private final Opener opener;
  private final PeerLinksConfig config;
  private final FairShare share;
  private final LongSupplier nanoTime;
  private final ScheduledFuture<?> sweeper;
  private final LongAdder refused = new LongAdder();
  private final LongAdder standbyRefused = new LongAdder();

  // Written under the lock; read without.
  private final Map<String, Kept> links = new ConcurrentHashMap<>();
  private final Object lock = new Object();
  private PeerStats closedLinks = PeerStats.NONE;
  private volatile boolean closed;

  /**
   * With no link yet.
   *
   * @param share of the links that the sessions of one client may use
   * @param nanoTime the clock by which links are idle
   * @param timer looks for idle links; its tasks are short
   */
  public PeerLinks(
      Opener opener,
      PeerLinksConfig config,
      FairShare share,
      LongSupplier nanoTime,
      ScheduledExecutorService timer) {
    this.opener = opener;
    this.config = config;
    this.share = share;
    this.nanoTime = nanoTime;
    long period = Math.max(1, Math.min(config.idleTimeout().toNanos() / 4, SWEEP_PERIOD.toNanos()));
    this.sweeper =
        timer.scheduleWithFixedDelay(this::closeIdle, period, period, TimeUnit.NANOSECONDS);
  }

  /** Whoever pushes for one session; its links are held by nobody when it is closed. */
  public final class User implements AutoCloseable {

    private final Object holder;

    // Under the lock; the one that was begun with last stands last.
    private final Map<String, Kept> used = new LinkedHashMap<>();
    private boolean over;

    private User(Object holder) {
      this.holder = holder;
    }

    /**
     * Pushes to a peer that takes that part in the session, opening the link to it if there is
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
      return kept.link.push(push, receiver);
    }

    /**
     * Opens the link to a peer that will be pushed to soon, so that the first push does not have to
     * wait for a connection.
     */
    public void prepare(Peer peer) {
      // What cannot be opened will be refused again, and counted, when there is something to push.
      kept(this, peer.address());
    }

    /** Leaves its links. Idempotent. */
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
   * @param holder whose share of the links it uses: its client's
   */
  public User user(Object holder) {
    return new User(holder);
  }

  /**
   * The link to an address, for chunks: opened if there is none, and kept until it is {@linkplain
   * #letGo let go}.
   *
   * @return empty if there are too many links, all in use
   * @throws IllegalArgumentException if that is no address
   */
  public Optional<PeerLink> hold(String address) {
    long now = nanoTime.getAsLong();
    synchronized (lock) {
      Kept kept = links.get(address);
      if (kept == null) {
        checkAddress(address);
        if (closed || !makeRoom(now)) {
          return Optional.empty();
        }
        kept = new Kept(address, opener.open(address), now);
        links.put(address, kept);
      }
      kept.held = true;
      kept.ofThisHost = true;
      kept.lastUsedNanos = now;
      return Optional.of(kept.link);
    }
  }

  /** No chunk is under way on that link. */
  public void letGo(PeerLink link) {
    synchronized (lock) {
      Kept kept = links.get(link.address());
      if (kept != null && kept.link == link) {
        kept.held = false;
        kept.lastUsedNanos = nanoTime.getAsLong();
        closeIfOfNoUse(kept);
      }
    }
  }

  /** By their addresses. */
  public Map<String, Open> open() {
    Map<String, Open> open = new TreeMap<>();
    synchronized (lock) {
      links.forEach((address, kept) -> open.put(address, new Open(kept.link, kept.ofThisHost)));
    }
    return open;
  }

  /** Of all links, the closed ones included; shed counts what no link could be opened for, too. */
  public PeerStats stats() {
    synchronized (lock) {
      PeerStats total =
          closedLinks.plus(
              new PeerStats(
                  new PeerStats.Pushes(0, refused.sum(), 0, standbyRefused.sum(), 0, 0, 0, 0),
                  new PeerStats.Chunks(0, 0, 0),
                  0));
      for (Kept kept : links.values()) {
        total = total.plus(kept.link.stats());
      }
      return total;
    }
  }

  /**
   * Closes the links that have been idle for too long, and those that nobody uses and that have
   * lost their connection; done regularly without being called.
   */
  public void closeIdle() {
    long now = nanoTime.getAsLong();
    synchronized (lock) {
      for (Kept kept : links.values()) {
        if (!kept.held && kept.idleNanos(now) >= config.idleTimeout().toNanos()) {
          remove(kept);
        } else {
          closeIfOfNoUse(kept);
        }
      }
    }
  }

  /** Closes every link and opens none any more. Idempotent. */
  @Override
  public void close() {
    sweeper.cancel(false);
    synchronized (lock) {
      closed = true;
      links.values().forEach(this::remove);
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
    Kept kept = links.get(address);
    if (kept == null) {
      kept = open(user, address, now);
    }
    if (kept != null) {
      kept.users.add(user);
      user.used.put(address, kept);
      if (user.used.size() > LINKS_EACH) {
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
    if (kept.isUnused() && kept.link.state() != StreamState.READY) {
      remove(kept);
    }
  }

  private @Nullable Kept open(User user, String address, long now) {
    try {
      checkAddress(address);
      if (!hasShare(user) || !makeRoom(now)) {
        return null;
      }
      Kept kept = new Kept(address, opener.open(address), now);
      links.put(address, kept);
      return kept;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** Before another's link has to go for what is none. */
  private static void checkAddress(String address) {
    var _ = Endpoint.parse(address);
  }

  /** Links that nobody uses are in nobody's way. */
  private boolean hasShare(User user) {
    long own = 0;
    long held = 0;
    for (Kept kept : links.values()) {
      Optional<Object> holder = kept.holder();
      held += holder.isPresent() ? 1 : 0;
      own += holder.filter(user.holder::equals).isPresent() ? 1 : 0;
    }
    return share.admits(own, 1, config.maxLinks() - held);
  }

  private boolean makeRoom(long now) {
    if (links.size() < config.maxLinks()) {
      return true;
    }
    Optional<Kept> leastNeeded =
        links.values().stream()
            .filter(
                kept ->
                    kept.isUnused()
                        || (!kept.held && kept.idleNanos(now) >= config.evictAfter().toNanos()))
            .max(
                Comparator.comparing(Kept::isUnused)
                    .thenComparingLong(kept -> kept.idleNanos(now)));
    leastNeeded.ifPresent(this::remove);
    return leastNeeded.isPresent();
  }

  private void remove(Kept kept) {
    links.remove(kept.address);
    kept.users.forEach(user -> user.used.remove(kept.address));
    kept.users.clear();
    kept.link.close();
    closedLinks = closedLinks.plus(kept.link.stats());
  }
}
