package io.baton.transport.pinned;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.baton.session.exchange.Standing;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChunkIndexTest {

  private static final Duration UNCLAIMED_FOR = Duration.ofMinutes(1);
  private static final Duration HISTORY_FOR = Duration.ofMinutes(10);

  /** Caffeine's wheel of expiries turns once in so long. */
  private static final Duration TURN = Duration.ofSeconds(2);

  /** Counts what becomes of it. */
  private static final class Chunk implements Holding {
    private final long bytes;
    private final AtomicInteger released = new AtomicInteger();
    private volatile PoolUse use = PoolUse.FILLING;

    Chunk(long bytes) {
      this.bytes = bytes;
    }

    @Override
    public long bytes() {
      return bytes;
    }

    @Override
    public void release() {
      released.incrementAndGet();
    }

    @Override
    public void charge(PoolUse newUse) {
      if (released.get() > 0) {
        throw new IllegalStateException("charged after its release");
      }
      use = newUse;
    }
  }

  private record Heard(String key, Departure departure) {}

  private final AtomicLong nanos = new AtomicLong();
  private final ConcurrentLinkedQueue<Heard> heard = new ConcurrentLinkedQueue<>();
  private final List<Chunk> all = new ArrayList<>();
  private final ChunkIndex<String, Chunk> index = index(10_000);

  private ChunkIndex<String, Chunk> index(long historyBytes) {
    return new ChunkIndex<>(
        new ChunkIndexConfig(historyBytes, UNCLAIMED_FOR, HISTORY_FOR),
        nanos::get,
        (key, departure) -> heard.add(new Heard(key, departure)));
  }

  private Chunk chunk(long bytes) {
    Chunk chunk = new Chunk(bytes);
    all.add(chunk);
    return chunk;
  }

  private Chunk put(String key, long bytes, Standing standing) {
    Chunk chunk = chunk(bytes);
    index.put(key, chunk, standing);
    return chunk;
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  @AfterEach
  void everyChunkIsReleasedOnce() {
    index.clear();
    assertThat(index.size()).isZero();
    assertThat(all).allSatisfy(chunk -> assertThat(chunk.released).hasValue(1));
  }

  @Test
  void put_thenGet_theValueChargedForItsStanding() {
    Chunk a = put("a", 100, Standing.UNCLAIMED);
    Chunk b = put("b", 100, Standing.IN_USE);
    Chunk c = put("c", 100, Standing.DONE);
    assertThat(index.get("a")).containsSame(a);
    assertThat(List.of(a.use, b.use, c.use))
        .containsExactly(PoolUse.UNCLAIMED, PoolUse.IN_USE, PoolUse.HISTORY);
    assertThat(index.get("d")).isEmpty();
    assertThat(index.size()).isEqualTo(3);
  }

  @Test
  void put_again_releasesTheOneBeforeOnceAndUnheard() {
    Chunk first = put("a", 100, Standing.IN_USE);
    Chunk second = put("a", 100, Standing.IN_USE);
    assertThat(first.released).hasValue(1);
    assertThat(second.released).hasValue(0);
    assertThat(index.get("a")).containsSame(second);
    assertThat(heard).isEmpty();
  }

  @Test
  void remove_releasesOnceAndUnheard() {
    Chunk a = put("a", 100, Standing.IN_USE);
    assertThat(index.remove("a")).isTrue();
    assertThat(index.remove("a")).isFalse();
    assertThat(a.released).hasValue(1);
    assertThat(heard).isEmpty();
  }

  @Test
  void standing_changed_chargesAndAnswersTheValue() {
    Chunk a = put("a", 100, Standing.UNCLAIMED);
    assertThat(index.standing("a", Standing.IN_USE)).containsSame(a);
    assertThat(a.use).isEqualTo(PoolUse.IN_USE);
    assertThat(index.standing("a", Standing.DONE)).containsSame(a);
    assertThat(index.standing("a", Standing.DONE)).containsSame(a);
    assertThat(a.use).isEqualTo(PoolUse.HISTORY);
    assertThat(index.standing("b", Standing.DONE)).isEmpty();
    assertThat(a.released).hasValue(0);
  }

  @Test
  void unclaimed_tooLong_isLetGoAndHeardOf() {
    Chunk a = put("a", 100, Standing.UNCLAIMED);
    pass(UNCLAIMED_FOR.minusNanos(1));
    assertThat(index.maintain()).isZero();
    assertThat(index.standing("a", Standing.UNCLAIMED)).containsSame(a);
    pass(UNCLAIMED_FOR.plus(TURN));
    assertThat(index.maintain()).isEqualTo(100);
    assertThat(heard).containsExactly(new Heard("a", Departure.UNCLAIMED));
    assertThat(a.released).hasValue(1);
    assertThat(index.get("a")).isEmpty();
  }

  @Test
  void unclaimed_whoseTimeIsUp_isGoneBeforeMaintenance() {
    Chunk a = put("a", 100, Standing.UNCLAIMED);
    Chunk b = put("b", 100, Standing.UNCLAIMED);
    Chunk c = put("c", 100, Standing.UNCLAIMED);
    pass(UNCLAIMED_FOR);
    assertThat(index.get("a")).isEmpty();
    assertThat(index.standing("b", Standing.IN_USE)).isEmpty();
    assertThat(index.remove("c")).isFalse();
    Chunk again = put("a", 100, Standing.IN_USE);
    pass(TURN);
    index.maintain();
    assertThat(List.of(a, b, c)).allSatisfy(one -> assertThat(one.released).hasValue(1));
    assertThat(heard)
        .containsExactlyInAnyOrder(
            new Heard("a", Departure.UNCLAIMED),
            new Heard("b", Departure.UNCLAIMED),
            new Heard("c", Departure.UNCLAIMED));
    assertThat(again.released).hasValue(0);
  }

  @Test
  void inUse_neitherExpiresNorIsEvicted() {
    List<Chunk> used = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      used.add(put("used " + i, 10_000, Standing.IN_USE));
    }
    for (int i = 0; i < 1000; i++) {
      put("done " + i, 5000, Standing.DONE);
    }
    pass(Duration.ofDays(3650));
    index.maintain();
    assertThat(index.makeRoom(Long.MAX_VALUE)).isZero();
    assertThat(used).allSatisfy(chunk -> assertThat(chunk.released).hasValue(0));
    assertThat(index.size()).isEqualTo(100);
  }

  @Test
  void done_thenInUseAgain_isSafeFromTimeAndRoom() {
    Chunk a = put("a", 6000, Standing.DONE);
    assertThat(index.standing("a", Standing.IN_USE)).containsSame(a);
    put("b", 6000, Standing.DONE);
    put("c", 6000, Standing.DONE);
    pass(HISTORY_FOR.plus(TURN));
    index.maintain();
    assertThat(a.released).hasValue(0);
    index.standing("a", Standing.DONE);
    pass(HISTORY_FOR.plus(TURN));
    assertThat(index.maintain()).isEqualTo(6000);
    assertThat(heard).contains(new Heard("a", Departure.AGED));
  }

  @Test
  void done_beyondTheHistorysBytes_theRestIsEvicted() {
    for (int i = 0; i < 50; i++) {
      put("used " + i, 1000, Standing.IN_USE);
    }
    assertThat(index.maintain()).isZero();
    for (int i = 0; i < 50; i++) {
      index.standing("used " + i, Standing.DONE);
    }
    index.maintain();
    long kept =
        all.stream().filter(chunk -> chunk.released.get() == 0).mapToLong(Chunk::bytes).sum();
    assertThat(kept).isBetween(9000L, 10_000L);
    assertThat(heard)
        .hasSize(50 - (int) (kept / 1000))
        .allMatch(one -> one.departure == Departure.EVICTED);
  }

  @Test
  void done_largerThanTheWholeHistory_isNotKept() {
    Chunk large = put("large", 10_001, Standing.DONE);
    Chunk huge = put("huge", Long.MAX_VALUE, Standing.DONE);
    index.maintain();
    assertThat(large.released).hasValue(1);
    assertThat(huge.released).hasValue(1);
  }

  @Test
  void done_withoutHistory_isNotKept() {
    ChunkIndex<String, Chunk> none = index(0);
    Chunk a = chunk(0);
    none.put("a", a, Standing.IN_USE);
    none.maintain();
    assertThat(a.released).hasValue(0);
    none.standing("a", Standing.DONE);
    none.maintain();
    assertThat(a.released).hasValue(1);
  }

  @Test
  void makeRoom_letsGoOfTheColdestUntilItIsEnough() {
    for (int i = 0; i < 10; i++) {
      put("chunk " + i, 640, Standing.DONE);
    }
    IntStream.range(0, 20)
        .forEach(_ -> IntStream.range(5, 10).forEach(i -> index.get("chunk " + i)));
    assertThat(index.makeRoom(1600)).isEqualTo(1920);
    assertThat(heard)
        .hasSize(3)
        .allMatch(one -> one.departure == Departure.EVICTED)
        .allMatch(one -> one.key.compareTo("chunk 5") < 0);
    assertThat(index.makeRoom(0)).isZero();
    assertThat(index.makeRoom(1_000_000)).isEqualTo(7 * 640);
    assertThat(index.makeRoom(1)).isZero();
  }

  @Test
  void makeRoom_whatIsExpired_goesFirst() {
    put("old", 1000, Standing.UNCLAIMED);
    put("history", 1000, Standing.DONE);
    pass(UNCLAIMED_FOR.plus(TURN));
    assertThat(index.makeRoom(1000)).isEqualTo(1000);
    assertThat(heard).containsExactly(new Heard("old", Departure.UNCLAIMED));
  }

  @Test
  void listener_mayCallTheIndex() {
    List<ChunkIndex<String, Chunk>> self = new ArrayList<>();
    ChunkIndex<String, Chunk> calling =
        new ChunkIndex<>(
            new ChunkIndexConfig(1000, UNCLAIMED_FOR, HISTORY_FOR),
            nanos::get,
            (key, _) -> {
              self.getFirst().put("after " + key.length(), chunk(10), Standing.IN_USE);
              self.getFirst().get(key);
            });
    self.add(calling);
    for (int i = 0; i < 100; i++) {
      calling.put("x".repeat(i + 1), chunk(900), Standing.DONE);
    }
    calling.makeRoom(10_000);
    assertThat(calling.size()).isEqualTo(100);
    calling.clear();
    assertThat(calling.size()).isZero();
  }

  @Test
  void charge_thatFails_changesNothing() {
    Chunk a = put("a", 100, Standing.UNCLAIMED);
    Chunk freed = new Chunk(100);
    freed.release();
    assertThatIllegalStateException().isThrownBy(() -> index.put("a", freed, Standing.IN_USE));
    assertThat(index.get("a")).containsSame(a);
    assertThat(a.released).hasValue(0);
  }

  @Test
  void slots_ofAPool_comeBackToZero(@TempDir Path directory) throws PoolException {
    record Kept(Slot slot) implements Holding {
      @Override
      public long bytes() {
        return slot.reserved();
      }

      @Override
      public void release() {
        slot.release();
      }

      @Override
      public void charge(PoolUse use) {
        slot.charge(use);
      }
    }
    try (PinnedPool pool =
        PinnedPool.create(PoolConfig.of("r1", 1 << 20).withDirectory(directory))) {
      ChunkIndex<Integer, Kept> chunks =
          new ChunkIndex<>(ChunkIndexConfig.of(pool.size()), nanos::get, (_, _) -> {});
      for (int i = 0; i < 1000; i++) {
        var slot = pool.allocate(10_000, PoolUse.FILLING, "a");
        if (slot.isEmpty()) {
          assertThat(chunks.makeRoom(10_000)).isGreaterThanOrEqualTo(10_000);
          slot = pool.allocate(10_000, PoolUse.FILLING, "a");
        }
        chunks.put(i, new Kept(slot.orElseThrow()), Standing.UNCLAIMED);
        assertThat(chunks.standing(i, Standing.IN_USE)).isPresent();
        chunks.standing(i, Standing.DONE);
      }
      PoolUsage usage = pool.usage();
      assertThat(usage.byUse().get(PoolUse.HISTORY)).isEqualTo(usage.total());
      assertThat(usage.total().slots()).isGreaterThan(50);
      chunks.clear();
      assertThat(pool.usage().total()).isEqualTo(PoolUsage.Amount.NONE);
    }
  }

  /** Whoever claims a chunk finds it there until it lets go, whatever the others do. */
  @Test
  void manyThreads_claimingRemovingAndMakingRoom_releaseEachOnce() throws Exception {
    int threads = 4;
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      List<Future<List<Chunk>>> done = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        Random random = new Random(i);
        int thread = i;
        done.add(executor.submit(() -> churn(thread, random)));
      }
      for (Future<List<Chunk>> one : done) {
        all.addAll(one.get());
      }
    }
    assertThat(all).hasSizeGreaterThan(1000);
  }

  private List<Chunk> churn(int thread, Random random) {
    List<Chunk> own = new ArrayList<>();
    Map<String, Chunk> claimed = new HashMap<>();
    for (int i = 0; i < 5000; i++) {
      // Names of one's own to claim, and of everybody to put, drop and bring to an end.
      String key = thread + "/" + random.nextInt(50);
      switch (random.nextInt(6)) {
        case 0, 1 -> {
          Chunk chunk = new Chunk(random.nextInt(1000));
          own.add(chunk);
          claimed.remove(key);
          index.put(key, chunk, standing(random));
        }
        case 2 -> index.standing(key, Standing.IN_USE).ifPresent(c -> claimed.put(key, c));
        case 3 -> {
          claimed.remove(key);
          index.standing(key, Standing.DONE);
        }
        case 4 -> {
          claimed.remove(key);
          index.remove(key);
        }
        default -> {
          pass(Duration.ofMillis(500));
          index.makeRoom(random.nextInt(2000));
        }
      }
      for (Chunk chunk : claimed.values()) {
        if (chunk.released.get() != 0) {
          throw new AssertionError("a claimed chunk was let go");
        }
      }
    }
    return own;
  }

  private static Standing standing(Random random) {
    return random.nextBoolean() ? Standing.UNCLAIMED : Standing.DONE;
  }
}
