package io.baton.transport.pinned;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.baton.transport.pinned.PoolException.Reason;
import io.baton.transport.pinned.PoolUsage.Amount;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PinnedPoolTest {

  private static final long SIZE = 1 << 20;
  private static final long CAPACITY = SIZE - 64;
  private static final List<PoolUse> USES = List.of(PoolUse.values());

  @TempDir private Path directory;
  private PinnedPool pool;

  @BeforeEach
  void create() throws PoolException {
    pool = PinnedPool.create(config());
  }

  private PoolConfig config() {
    return PoolConfig.of("a relay", SIZE).withDirectory(directory);
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    pool.close();
    assertThat(files()).isEmpty();
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.toList();
    }
  }

  private Slot allocate(long bytes, PoolUse use, String holder) {
    return pool.allocate(bytes, use, holder).orElseThrow();
  }

  @Test
  void create_aFileForItsOwnerAlone() throws IOException {
    assertThat(files()).containsExactly(pool.path());
    assertThat(pool.path().getFileName())
        .hasToString("baton-a_relay-%d-%016x".formatted(ProcessHandle.current().pid(), pool.id()));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(pool.path())))
        .isEqualTo("rw-------");
    assertThat(pool.size()).isEqualTo(SIZE).isEqualTo(Files.size(pool.path()));
    assertThat(pool.memory().byteSize()).isEqualTo(SIZE);
    // Its room is taken, so that writing to it cannot fail.
    assertThat(Files.getAttribute(pool.path(), "unix:size")).isEqualTo(SIZE);
    assertThat(pool.rules()).isEqualTo(new PoolRules(0.5, 4));
    assertThat(pool.config()).isEqualTo(config());
  }

  @Test
  void create_bytesThatAreNoWholePages_roundsUp() throws PoolException {
    try (PinnedPool odd = PinnedPool.create(PoolConfig.of("odd", 5000).withDirectory(directory))) {
      assertThat(odd.size()).isEqualTo(8192);
    }
  }

  @Test
  void create_twice_bothLive() throws IOException {
    try (PinnedPool other = PinnedPool.create(config())) {
      assertThat(files()).containsExactlyInAnyOrder(pool.path(), other.path());
      assertThat(other.id()).isNotEqualTo(pool.id());
    }
    assertThat(files()).containsExactly(pool.path());
  }

  @Test
  void create_afterItsFileWasOpenedAndClosedHere_isStillLocked() throws IOException {
    PoolMapping.open(pool.path(), pool.id(), PoolMapping.Access.READ).close();
    try (PinnedPool other = PinnedPool.create(config())) {
      assertThat(files()).containsExactlyInAnyOrder(pool.path(), other.path());
    }
  }

  @Test
  void create_filesOfDeadRelays_areRemovedAndNothingElse() throws IOException {
    Path orphan = Files.createFile(directory.resolve("baton-dead-1-0123456789abcdef"));
    Path others = Files.createFile(directory.resolve("baton-notes"));
    Path link = Files.createSymbolicLink(directory.resolve("baton-x-1-0123456789abcdef"), others);
    PinnedPool.create(config()).close();
    assertThat(orphan).doesNotExist();
    assertThat(files()).containsExactlyInAnyOrder(pool.path(), others, link);
    Files.delete(link);
    Files.delete(others);
  }

  @Test
  void create_moreThanTheDirectoryHas_saysSoAndLeavesNoFile() throws IOException {
    FileStore store = Files.getFileStore(directory);
    PoolConfig config =
        PoolConfig.of("large", store.getTotalSpace() + SIZE).withDirectory(directory);
    assertThatExceptionOfType(PoolException.class)
        .isThrownBy(() -> PinnedPool.create(config))
        .withMessageContainingAll(directory.toString(), "which has", "are free", "--shm-size")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.NO_ROOM_IN_SHARED_MEMORY));
    assertThat(files()).containsExactly(pool.path());
  }

  @Test
  void create_moreThanThisProcessMayUse_saysSo() throws PoolException {
    PoolFile.requireMemory(SIZE, SIZE + 1);
    assertThatExceptionOfType(PoolException.class)
        .isThrownBy(() -> PoolFile.requireMemory(SIZE, SIZE))
        .withMessageContainingAll("this process may use 1 MiB")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.NO_ROOM_IN_SHARED_MEMORY));
  }

  @Test
  void create_inADirectoryThatIsNone_saysSo() {
    assertThatExceptionOfType(PoolException.class)
        .isThrownBy(() -> PinnedPool.create(config().withDirectory(directory.resolve("none"))))
        .withMessageContaining("there is no directory")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.NOT_SUPPORTED));
  }

  @Test
  void create_whereThisUserMayNotWrite_saysSo() throws IOException {
    assumeThat(Posix.load().user()).as("root may write anywhere").isNotZero();
    Path closed = Files.createDirectory(directory.resolve("closed"));
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-x------"));
    assertThatExceptionOfType(PoolException.class)
        .isThrownBy(() -> PinnedPool.create(config().withDirectory(closed)))
        .withMessageContaining("may not make the file")
        .satisfies(e -> assertThat(e.reason()).isEqualTo(Reason.NOT_PERMITTED));
    Files.delete(closed);
  }

  /** Each looks for orphans while the others have made files that they have not locked yet. */
  @Test
  void create_byManyAtOnce_noneTakesAnothersForAnOrphan() throws Exception {
    PoolConfig small = PoolConfig.of("small", 4096).withDirectory(directory).withLock(false);
    Callable<Boolean> relay =
        () -> {
          boolean there = true;
          for (int i = 0; i < 50; i++) {
            try (PinnedPool own = PinnedPool.create(small)) {
              PoolMapping.open(own.path(), own.id(), PoolMapping.Access.READ).close();
              there &= Files.exists(own.path());
            }
          }
          return there;
        };
    try (ExecutorService executor = Executors.newFixedThreadPool(4)) {
      for (Future<Boolean> one : executor.invokeAll(List.of(relay, relay, relay, relay))) {
        assertThat(one.get()).isTrue();
      }
    }
    assertThat(files()).containsExactly(pool.path());
  }

  @Test
  void pinning_withoutLock_saysWhy() throws PoolException {
    try (PinnedPool other = PinnedPool.create(config().withLock(false))) {
      assertThat(other.pinning())
          .isEqualTo(new Pinning.NotLocked("the pool is configured not to be locked in memory"));
    }
  }

  @Test
  void pinning_belowTheLimit_isLocked() throws PoolException {
    long limit = Posix.load().lockLimit();
    if (limit == -1 || limit >= 4 * SIZE) {
      assertThat(pool.pinning()).isEqualTo(new Pinning.Locked());
    } else {
      assertThat(pool.pinning()).isInstanceOfAny(Pinning.Locked.class, Pinning.NotLocked.class);
    }
  }

  @Test
  void pinning_beyondTheLimit_namesIt() {
    assertThat(PoolFile.notLocked(1 << 30, Posix.ENOMEM, 8 << 20))
        .isEqualTo(
            new Pinning.NotLocked(
                "1 GiB cannot be locked in memory, since RLIMIT_MEMLOCK is 8 MiB: raise it with"
                    + " ulimit -l, LimitMEMLOCK= or --ulimit memlock="));
  }

  @Test
  void allocate_anySize_boundedAlignedAndApart() {
    Slot first = allocate(100, PoolUse.FILLING, "a");
    Slot second = allocate(0, PoolUse.FILLING, "a");
    assertThat(first.bytes()).isEqualTo(100);
    assertThat(first.memory().byteSize()).isEqualTo(100);
    assertThat(first.memory().address() % 64).isZero();
    assertThat(first.handle().offset() % 64).isZero();
    assertThat(first.reserved()).isEqualTo(192);
    assertThat(second.memory().byteSize()).isZero();
    assertThat(second.reserved()).isEqualTo(64);
    assertThatExceptionOfType(IndexOutOfBoundsException.class)
        .isThrownBy(() -> first.memory().set(ValueLayout.JAVA_BYTE, 100, (byte) 1));
    ByteBuffer buffer = first.buffer();
    assertThat(buffer.order()).isEqualTo(ByteOrder.nativeOrder());
    buffer.put(99, (byte) 7);
    assertThat(first.memory().get(ValueLayout.JAVA_BYTE, 99)).isEqualTo((byte) 7);
    assertThat(buffer.capacity()).isEqualTo(100);
    assertThatIllegalArgumentException().isThrownBy(() -> pool.allocate(-1, PoolUse.FILLING, "a"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> pool.allocate(1, -1, PoolUse.FILLING, "a"));
  }

  @Test
  void allocate_thePoolsWholeCapacity_works() {
    Slot all = allocate(CAPACITY - 64, PoolUse.FILLING, "a");
    all.memory().fill((byte) 1);
    assertThat(pool.usage().free()).isZero();
    assertThat(pool.usage().fragmentation()).isZero();
    assertThat(pool.admission(0, 0, PoolUse.FILLING, "b")).isEqualTo(Admission.NO_ROOM);
    assertThat(pool.allocate(0, PoolUse.FILLING, "b")).isEmpty();
    all.release();
    assertThat(pool.usage().largestFree()).isEqualTo(CAPACITY);
  }

  @Test
  void allocate_moreThanCapacity_neverAndSaysSo() {
    for (long bytes : new long[] {CAPACITY - 63, CAPACITY, SIZE, 1L << 40, Long.MAX_VALUE}) {
      assertThat(pool.allocate(bytes, PoolUse.FILLING, "a")).isEmpty();
      assertThat(pool.admission(bytes, 0, PoolUse.FILLING, "a")).isEqualTo(Admission.TOO_LARGE);
      assertThat(pool.admission(bytes, 4096, PoolUse.FILLING, "a")).isEqualTo(Admission.TOO_LARGE);
    }
    assertThat(pool.usage().total()).isEqualTo(Amount.NONE);
  }

  @Test
  void allocate_withAHint_takesWholeTiles() {
    assertThat(reservedWith(1, 1000)).isEqualTo(1024 + 64);
    assertThat(reservedWith(0, 1000)).isEqualTo(1024 + 64);
    assertThat(reservedWith(1024, 1000)).isEqualTo(1024 + 64);
    assertThat(reservedWith(1025, 1000)).isEqualTo(2 * (1024 + 64));
    assertThat(reservedWith(1000, 0)).isEqualTo(1024 + 64);
    // No hint makes impossible what is possible without.
    assertThat(reservedWith(1, Long.MAX_VALUE)).isEqualTo(128);
    assertThat(reservedWith(CAPACITY - 64, 400_000)).isEqualTo(CAPACITY);
  }

  private long reservedWith(long bytes, long slotBytes) {
    Slot slot = pool.allocate(bytes, slotBytes, PoolUse.FILLING, "a").orElseThrow();
    long reserved = slot.reserved();
    assertThat(slot.bytes()).isEqualTo(bytes);
    slot.release();
    return reserved;
  }

  @Test
  void allocate_pushesBeyondTheirShare_refusedUntilOneIsReleased() {
    Slot push = allocate(SIZE / 2 - 4096, PoolUse.PUSH, "session 1");
    assertThat(pool.allocate(8192, PoolUse.PUSH, "session 2")).isEmpty();
    assertThat(pool.admission(8192, 0, PoolUse.PUSH, "session 2"))
        .isEqualTo(Admission.PUSH_SHARE_FULL);
    assertThat(pool.allocate(8192, PoolUse.FILLING, "session 2")).isPresent();
    push.release();
    assertThat(pool.allocate(8192, PoolUse.PUSH, "session 2")).isPresent();
  }

  @Test
  void allocate_aGreedyHolder_leavesRoomForOthersAndHistoryDoesNotCount() {
    List<Slot> greedy = new ArrayList<>();
    while (pool.admission(4096, 0, PoolUse.FILLING, "greedy") == Admission.ADMITTED) {
      greedy.add(allocate(4096, PoolUse.FILLING, "greedy"));
    }
    assertThat(pool.usage().total().reserved()).isBetween(CAPACITY * 79 / 100, CAPACITY * 8 / 10);
    assertThat(pool.admission(4096, 0, PoolUse.FILLING, "greedy"))
        .isEqualTo(Admission.HOLDER_SHARE_FULL);
    assertThat(pool.allocate(100_000, PoolUse.FILLING, "modest")).isPresent();
    greedy.forEach(slot -> slot.charge(PoolUse.HISTORY));
    assertThat(pool.admission(4096, 0, PoolUse.FILLING, "greedy")).isEqualTo(Admission.ADMITTED);
    // The rules allow it, and the room comes when the history goes.
    assertThat(pool.admission(500_000, 0, PoolUse.FILLING, "greedy")).isEqualTo(Admission.NO_ROOM);
    greedy.forEach(Slot::release);
    assertThat(pool.allocate(500_000, PoolUse.FILLING, "greedy")).isPresent();
  }

  @Test
  void charge_movesTheAccountingExactly() {
    Slot slot = allocate(100, PoolUse.FILLING, "sender");
    Amount amount = new Amount(100, 192, 1);
    assertThat(pool.usage().byHolder()).containsOnlyKeys("sender").containsValue(amount);
    slot.charge(PoolUse.IN_USE, "reader");
    PoolUsage usage = pool.usage();
    assertThat(usage.total()).isEqualTo(amount);
    assertThat(usage.byUse())
        .containsOnlyKeys(PoolUse.values())
        .containsEntry(PoolUse.FILLING, Amount.NONE)
        .containsEntry(PoolUse.IN_USE, amount);
    assertThat(usage.byHolder()).containsOnlyKeys("reader").containsValue(amount);
    assertThat(usage.free()).isEqualTo(CAPACITY - 192);
    slot.charge(PoolUse.HISTORY);
    assertThat(pool.usage().byHolder()).containsOnlyKeys("reader");
    slot.release();
    assertThat(pool.usage().byHolder()).isEmpty();
    assertThat(pool.usage().byUse()).allSatisfy((_, a) -> assertThat(a).isEqualTo(Amount.NONE));
  }

  @Test
  void release_theLastReference_freesOnceAndNeverAnothers() {
    Slot slot = allocate(100, PoolUse.FILLING, "a");
    slot.retain();
    slot.release();
    assertThat(pool.find(slot.handle())).containsSame(slot);
    slot.release();
    assertThat(pool.find(slot.handle())).isEmpty();
    Slot next = allocate(100, PoolUse.FILLING, "b");
    assertThat(next.handle().offset()).isEqualTo(slot.handle().offset());
    assertThatIllegalStateException().isThrownBy(slot::release).withMessageContaining("free");
    assertThatIllegalStateException().isThrownBy(slot::retain);
    assertThatIllegalStateException().isThrownBy(slot::memory);
    assertThatIllegalStateException().isThrownBy(slot::buffer);
    assertThatIllegalStateException().isThrownBy(() -> slot.charge(PoolUse.IN_USE, "c"));
    assertThat(slot.tryRetain()).isFalse();
    assertThat(pool.find(next.handle())).containsSame(next);
    assertThat(pool.usage().total()).isEqualTo(new Amount(100, 192, 1));
  }

  @Test
  void find_handlesOfOthersAndNonsense_empty() {
    Slot slot = allocate(100, PoolUse.FILLING, "a");
    SlotHandle handle = slot.handle();
    assertThat(pool.find(new SlotHandle(handle.pool() + 1, handle.offset(), handle.generation())))
        .isEmpty();
    assertThat(pool.find(new SlotHandle(handle.pool(), handle.offset(), handle.generation() + 1)))
        .isEmpty();
    for (long offset : new long[] {Long.MIN_VALUE, -64, -1, 0, 64, SIZE, Long.MAX_VALUE}) {
      assertThat(pool.find(new SlotHandle(handle.pool(), offset, handle.generation()))).isEmpty();
    }
  }

  @Test
  void close_withSlotsHeld_viewsThrowAndSlotsCanBeReleased() throws IOException {
    Slot slot = allocate(100, PoolUse.FILLING, "a");
    MemorySegment memory = slot.memory();
    ByteBuffer buffer = slot.buffer();
    pool.close();
    pool.close();
    assertThat(files()).isEmpty();
    assertThatIllegalStateException()
        .isThrownBy(() -> memory.get(ValueLayout.JAVA_BYTE, 0))
        .withMessageContaining("closed");
    assertThatIllegalStateException()
        .isThrownBy(() -> buffer.get(0))
        .withMessageContaining("closed");
    assertThat(pool.allocate(1, PoolUse.FILLING, "a")).isEmpty();
    assertThat(pool.admission(1, 0, PoolUse.FILLING, "a")).isEqualTo(Admission.CLOSED);
    slot.charge(PoolUse.HISTORY);
    slot.release();
    assertThat(pool.usage().total()).isEqualTo(Amount.NONE);
  }

  @Test
  void manyThreads_allocatingAndFreeing_accountsExactlyAndEndAtZero() throws Exception {
    int threads = 8;
    try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
      List<Future<Integer>> done = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        String holder = "holder " + i;
        Random random = new Random(i);
        done.add(executor.submit(() -> churn(holder, random)));
      }
      for (Future<Integer> one : done) {
        assertThat(one.get()).isPositive();
      }
    }
    PoolUsage usage = pool.usage();
    assertThat(usage.total()).isEqualTo(Amount.NONE);
    assertThat(usage.byHolder()).isEmpty();
    assertThat(usage.byUse()).allSatisfy((_, a) -> assertThat(a).isEqualTo(Amount.NONE));
    assertThat(usage.largestFree()).isEqualTo(CAPACITY);
  }

  /** Each writes what is its own, and finds it there when it lets go. */
  private int churn(String holder, Random random) {
    List<Slot> held = new ArrayList<>();
    int allocated = 0;
    for (int i = 0; i < 5000; i++) {
      if (random.nextInt(3) > 0) {
        var slot = pool.allocate(8 + random.nextInt(5000), PoolUse.FILLING, holder);
        if (slot.isPresent()) {
          slot.get().memory().fill((byte) slot.get().handle().generation());
          held.add(slot.get());
          allocated++;
        }
      }
      if (held.size() > 20 || (!held.isEmpty() && random.nextInt(3) == 0)) {
        letGo(held.remove(random.nextInt(held.size())), random);
      }
    }
    held.forEach(slot -> letGo(slot, random));
    return allocated;
  }

  private static void letGo(Slot slot, Random random) {
    byte own = (byte) slot.handle().generation();
    if (slot.memory().get(ValueLayout.JAVA_BYTE, 0) != own
        || slot.memory().get(ValueLayout.JAVA_BYTE, slot.bytes() - 1) != own) {
      throw new AssertionError("somebody wrote into " + slot.handle());
    }
    slot.charge(USES.get(random.nextInt(USES.size())), "another");
    slot.retain();
    slot.release();
    slot.release();
  }

  @Test
  void manyThreads_releasingOneSlot_freeItOnce() throws Exception {
    try (ExecutorService executor = Executors.newFixedThreadPool(4)) {
      for (int round = 0; round < 200; round++) {
        Slot slot = allocate(10, PoolUse.IN_USE, "a");
        for (int i = 0; i < 3; i++) {
          slot.retain();
        }
        Callable<Boolean> release =
            () -> {
              slot.release();
              return true;
            };
        for (Future<Boolean> one :
            executor.invokeAll(List.of(release, release, release, release))) {
          assertThat(one.get()).isTrue();
        }
        assertThat(pool.usage().total()).isEqualTo(Amount.NONE);
      }
    }
  }
}
