package io.baton.transport.ucx;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.google.protobuf.ByteString;
import java.net.InetAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ways to other engines, one for each, which all streams to it share.
 *
 * <p>That a peer has said where its engine is does not mean that it can be reached there: a
 * firewall may let the streams alone through. So a way carries nothing before a first message has
 * got through. One that fails rests, for longer each time in a row, and is tried again when
 * somebody has something to send; meanwhile everything goes on the streams. Any thread may use it.
 */
final class UcxPeers implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(UcxPeers.class);

  static final Duration FIRST_REST = Duration.ofSeconds(10);
  static final Duration LONGEST_REST = Duration.ofMinutes(10);

  /** Of peers that nobody uses now: that they failed is remembered. */
  private static final int MAX_REMEMBERED = 1024;

  /** Opens wires. */
  interface Opener {
    UcxWire open(byte[] address, InetAddress host, Consumer<UcxFailure> onLost)
        throws UcxConnectException;
  }

  record Peer(ByteString address, InetAddress host) {}

  /** One peer. Under its own lock, but for what is volatile. */
  static final class Entry {
    private final Peer peer;
    private final Set<UcxWay> users = new HashSet<>();
    private volatile @Nullable UcxWire ready;
    private volatile @Nullable String trouble;
    private volatile long restsUntilNanos;
    private @Nullable UcxWire proving;
    private int failures;
    private long readySinceNanos;

    Entry(Peer peer, long nowNanos) {
      this.peer = peer;
      restsUntilNanos = nowNanos;
    }

    private String where() {
      return "UCX to " + peer.host().getHostAddress();
    }
  }

  private final Opener opener;
  private final LongSupplier clock;
  private final Cache<Peer, Entry> remembered =
      Caffeine.newBuilder()
          .expireAfterWrite(LONGEST_REST.multipliedBy(2))
          .maximumSize(MAX_REMEMBERED)
          .build();

  /** Under the lock. */
  private final Map<Peer, Entry> entries = new HashMap<>();

  /**
   * @param clock nanoseconds, as {@link System#nanoTime} has them
   */
  UcxPeers(Opener opener, LongSupplier clock) {
    this.opener = opener;
    this.clock = clock;
  }

  /**
   * A hold on the way to a peer, and begins to make it.
   *
   * @param host where the peer said what its address is
   * @param onLost told, on the engine's thread, each time that the way is lost after it was ready:
   *     what was given to it may not have arrived
   */
  UcxWay way(byte[] address, InetAddress host, Consumer<UcxFailure> onLost) {
    Peer peer = new Peer(ByteString.copyFrom(address), host);
    UcxWay way;
    synchronized (this) {
      Entry entry = entries.computeIfAbsent(peer, this::entry);
      remembered.invalidate(peer);
      way = new UcxWay(this, entry, onLost);
      synchronized (entry) {
        entry.users.add(way);
      }
    }
    var _ = way.isReady();
    return way;
  }

  private Entry entry(Peer peer) {
    Entry known = remembered.getIfPresent(peer);
    return known == null ? new Entry(peer, clock.getAsLong()) : known;
  }

  /** The wire, if it is ready. */
  @Nullable UcxWire ready(Entry entry) {
    UcxWire wire = entry.ready;
    if (wire == null && clock.getAsLong() - entry.restsUntilNanos >= 0) {
      begin(entry);
    }
    return wire;
  }

  Optional<String> trouble(Entry entry) {
    return Optional.ofNullable(entry.trouble);
  }

  private void begin(Entry entry) {
    UcxWire wire;
    synchronized (entry) {
      if (entry.ready != null
          || entry.proving != null
          || entry.users.isEmpty()
          || clock.getAsLong() - entry.restsUntilNanos < 0) {
        return;
      }
      Attempt attempt = new Attempt(entry);
      try {
        wire = opener.open(entry.peer.address().toByteArray(), entry.peer.host(), attempt::lost);
      } catch (UcxConnectException e) {
        fail(entry, String.valueOf(e.getMessage()));
        return;
      }
      UcxFailure early = attempt.begun(wire);
      if (early != null) {
        fail(entry, early.detail());
        return;
      }
      entry.proving = wire;
      wire.prove(attempt::proven);
    }
  }

  /** A wire from its beginning to its loss; under the entry's lock. */
  private final class Attempt {
    private final Entry entry;
    private @Nullable UcxWire wire;
    private @Nullable UcxFailure early;

    Attempt(Entry entry) {
      this.entry = entry;
    }

    /** Why it was lost while it was being opened, if it was. */
    @Nullable UcxFailure begun(UcxWire opened) {
      wire = opened;
      return early;
    }

    void proven() {
      synchronized (entry) {
        if (wire != null && entry.proving == wire) {
          entry.proving = null;
          entry.ready = wire;
          entry.readySinceNanos = clock.getAsLong();
          entry.trouble = null;
        }
      }
    }

    void lost(UcxFailure failure) {
      boolean wasReady;
      List<UcxWay> told;
      UcxWire cut;
      synchronized (entry) {
        cut = wire;
        if (cut == null) {
          early = failure;
        }
        if (cut == null || (entry.proving != cut && entry.ready != cut)) {
          return;
        }
        wasReady = entry.ready == cut;
        entry.ready = null;
        entry.proving = null;
        if (wasReady
            && clock.getAsLong() - entry.readySinceNanos > rest(entry.failures).toNanos()) {
          entry.failures = 0;
        }
        fail(entry, failure.detail());
        told = List.copyOf(entry.users);
      }
      cut.close();
      if (wasReady) {
        told.forEach(way -> way.lost(failure));
      }
    }
  }

  private void fail(Entry entry, String why) {
    entry.failures++;
    entry.restsUntilNanos = clock.getAsLong() + rest(entry.failures).toNanos();
    entry.trouble = "%s: %s; by gRPC instead".formatted(entry.where(), why);
    log.info("{}", entry.trouble);
  }

  /** After so many failures in a row. */
  private static Duration rest(int failures) {
    Duration rest = FIRST_REST.multipliedBy(1L << Math.clamp(failures - 1L, 0, 16));
    return rest.compareTo(LONGEST_REST) > 0 ? LONGEST_REST : rest;
  }

  void release(Entry entry, UcxWay way) {
    UcxWire unused = null;
    synchronized (this) {
      synchronized (entry) {
        if (entry.users.remove(way) && entry.users.isEmpty()) {
          unused = entry.ready == null ? entry.proving : entry.ready;
          entry.ready = null;
          entry.proving = null;
          entries.remove(entry.peer, entry);
          if (entry.failures > 0) {
            remembered.put(entry.peer, entry);
          }
        }
      }
    }
    if (unused != null) {
      unused.close();
    }
  }

  @Override
  public void close() {
    List<Entry> all;
    synchronized (this) {
      all = List.copyOf(entries.values());
      entries.clear();
    }
    for (Entry entry : all) {
      synchronized (entry) {
        entry.users.clear();
      }
    }
  }
}
