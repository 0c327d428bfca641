package io.baton.transport.pinned;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Policy;
import com.github.benmanes.caffeine.cache.RemovalCause;
import io.baton.session.exchange.Standing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The chunks in a pool, by name. Caffeine decides which are no longer worth keeping; whoever sets a
 * chunk's standing decides which may be let go at all. Any thread may call, and does what there is
 * to do: no thread of its own runs anything.
 *
 * <p>Caffeine computes a weight and an expiry when an entry is written, and never again. A standing
 * is therefore part of the entry's value, and each change of it replaces the value. Entries that
 * weigh nothing are never evicted for their size, which Caffeine checks again under the entry's
 * lock, so that a chunk that was claimed at the last moment stays.
 *
 * <p>Caffeine tells of evictions while it holds locks. They are noted then, and released when it
 * has let go of them, so that releasing may call anything. A chunk leaves the map once, and only
 * what left it is released: that is why each is released once.
 */
public final class ChunkIndex<K, V extends Holding> {

  /** Caffeine's weights are 32-bit; in lines of the cache they reach to 128 GiB. */
  private static final int WEIGHED_IN = 64;

  /** A value at one standing. It is compared by identity. */
  private static final class Kept<V extends Holding> {
    private final V value;
    private final Standing standing;

    Kept(V value, Standing standing) {
      this.value = value;
      this.standing = standing;
    }

    int weight() {
      return switch (standing) {
        case UNCLAIMED, IN_USE -> 0;
        case DONE -> Math.clamp(lines(value.bytes()), 1, Integer.MAX_VALUE);
      };
    }
  }

  private record Left<K, V extends Holding>(K key, Kept<V> kept, Departure departure) {}

  private final Cache<K, Kept<V>> cache;
  private final Policy.Eviction<K, Kept<V>> eviction;
  private final BiConsumer<? super K, Departure> listener;
  private final Queue<Left<K, V>> left = new ConcurrentLinkedQueue<>();

  /**
   * @param nanos the time
   * @param listener hears of each chunk that was let go by itself, after it was released, on the
   *     thread that happened to call; it may call the index
   */
  public ChunkIndex(
      ChunkIndexConfig config, LongSupplier nanos, BiConsumer<? super K, Departure> listener) {
    this.listener = listener;
    this.cache =
        Caffeine.newBuilder()
            .executor(Runnable::run)
            .ticker(nanos::getAsLong)
            .maximumWeight(config.historyBytes() / WEIGHED_IN)
            .weigher((K key, Kept<V> kept) -> kept.weight())
            .expireAfter(Expiry.<K, Kept<V>>writing((key, kept) -> patience(config, kept.standing)))
            .evictionListener(this::note)
            .build();
    this.eviction = cache.policy().eviction().orElseThrow();
  }

  private static Duration patience(ChunkIndexConfig config, Standing standing) {
    return switch (standing) {
      case UNCLAIMED -> config.unclaimedFor();
      case IN_USE -> Duration.ofNanos(Long.MAX_VALUE);
      case DONE -> config.historyFor();
    };
  }

  private static long lines(long bytes) {
    return Math.ceilDiv(bytes, WEIGHED_IN);
  }

  private void note(@Nullable K key, @Nullable Kept<V> kept, RemovalCause cause) {
    if (key == null || kept == null) {
      throw new IllegalStateException("an entry without key or value was evicted");
    }
    left.add(new Left<>(key, kept, departure(kept, cause)));
  }

  private static <V extends Holding> Departure departure(Kept<V> kept, RemovalCause cause) {
    if (cause == RemovalCause.SIZE) {
      return Departure.EVICTED;
    }
    return kept.standing == Standing.UNCLAIMED ? Departure.UNCLAIMED : Departure.AGED;
  }

  /**
   * Keeps the value, whose reference is the index's from now on, and gives back that of the one
   * before.
   */
  public void put(K key, V value, Standing standing) {
    AtomicReference<@Nullable Kept<V>> before = new AtomicReference<>();
    cache
        .asMap()
        .compute(
            key,
            (_, old) -> {
              value.charge(PoolUse.of(standing));
              before.set(old);
              return new Kept<>(value, standing);
            });
    Kept<V> replaced = before.get();
    if (replaced != null) {
      replaced.value.release();
    }
    settle();
  }

  /** The value, if there is one. Unless it is in use, it may be let go at any time. */
  public Optional<V> get(K key) {
    Kept<V> kept = cache.getIfPresent(key);
    settle();
    return kept == null ? Optional.empty() : Optional.of(kept.value);
  }

  /**
   * Sets the standing and answers the value, in one: what was claimed as in use is there until it
   * is said to be done. The time that it may stay begins anew. Empty if there is no such chunk.
   */
  public Optional<V> standing(K key, Standing standing) {
    Kept<V> kept =
        cache
            .asMap()
            .computeIfPresent(
                key,
                (_, old) -> {
                  old.value.charge(PoolUse.of(standing));
                  return new Kept<>(old.value, standing);
                });
    settle();
    return kept == null ? Optional.empty() : Optional.of(kept.value);
  }

  /** Lets go of the chunk, whatever its standing; answers whether there was one. */
  public boolean remove(K key) {
    Kept<V> kept = cache.asMap().remove(key);
    if (kept != null) {
      kept.value.release();
    }
    settle();
    return kept != null;
  }

  /** Lets go of everything. */
  public void clear() {
    cache.asMap().keySet().forEach(this::remove);
    maintain();
  }

  /**
   * Lets go of what is expired, and then of the history that is least worth keeping, until so many
   * bytes were let go.
   *
   * @return how many were, which is less only if there was no more
   */
  public long makeRoom(long bytes) {
    return makeRoom(bytes, Holding::bytes);
  }

  /**
   * The same of another measure than the bytes in the pool.
   *
   * @param measure what is got back with a value
   */
  public long makeRoom(long amount, ToLongFunction<? super V> measure) {
    cache.cleanUp();
    long made = settle(measure);
    while (made < amount) {
      long wanted = amount - made;
      for (Left<K, V> one : eviction.coldest(entries -> coldest(entries, wanted, measure))) {
        // It may have been claimed, or evicted, since.
        if (cache.asMap().remove(one.key, one.kept)) {
          left.add(one);
        }
      }
      long now = settle(measure);
      if (now == 0) {
        break;
      }
      made += now;
    }
    return made;
  }

  private List<Left<K, V>> coldest(
      Stream<Policy.CacheEntry<K, Kept<V>>> entries,
      long amount,
      ToLongFunction<? super V> measure) {
    List<Left<K, V>> chosen = new ArrayList<>();
    long sum = 0;
    var all = entries.iterator();
    while (sum < amount && all.hasNext()) {
      Policy.CacheEntry<K, Kept<V>> entry = all.next();
      Kept<V> kept = entry.getValue();
      if (kept.standing == Standing.DONE) {
        chosen.add(new Left<>(entry.getKey(), kept, Departure.EVICTED));
        sum += measure.applyAsLong(kept.value);
      }
    }
    return chosen;
  }

  /**
   * Lets go of what is expired, to be called every second or so.
   *
   * @return how many bytes were let go
   */
  public long maintain() {
    cache.cleanUp();
    return settle();
  }

  /** How many chunks there are, of any standing. */
  public long size() {
    return cache.estimatedSize();
  }

  private long settle() {
    return settle(Holding::bytes);
  }

  /** Releases what has left the map, and answers how much that was. */
  private long settle(ToLongFunction<? super V> measure) {
    long sum = 0;
    for (Left<K, V> one = left.poll(); one != null; one = left.poll()) {
      sum += measure.applyAsLong(one.kept.value);
      one.kept.value.release();
      listener.accept(one.key, one.departure);
    }
    return sum;
  }
}
