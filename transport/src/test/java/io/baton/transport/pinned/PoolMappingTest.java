package io.baton.transport.pinned;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.baton.transport.pinned.PoolException.Reason;
import io.baton.transport.pinned.PoolMapping.Access;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PoolMappingTest {

  private static final long SIZE = 1 << 20;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

  @TempDir private Path directory;
  private PinnedPool pool;
  private PoolMapping mapping;

  @BeforeEach
  void map() throws PoolException {
    pool = PinnedPool.create(PoolConfig.of("r1", SIZE).withDirectory(directory));
    mapping = PoolMapping.open(pool.path(), pool.id(), Access.READ_WRITE);
  }

  @AfterEach
  void unmap() {
    mapping.close();
    pool.close();
  }

  private Slot allocate(long bytes) {
    return pool.allocate(bytes, PoolUse.FILLING, "a").orElseThrow();
  }

  @Test
  void view_ofACurrentSlot_isTheSameMemory() throws Exception {
    Slot slot = allocate(100);
    MemorySegment view = mapping.view(slot.handle(), 100);
    assertThat(view.byteSize()).isEqualTo(100);
    view.set(LONG, 0, 42);
    assertThat(slot.memory().get(LONG, 0)).isEqualTo(42);
    slot.memory().set(LONG, 8, 43);
    assertThat(view.get(LONG, 8)).isEqualTo(43);
    assertThat(mapping.isCurrent(slot.handle())).isTrue();
    assertThat(mapping.view(slot.handle(), 7).byteSize()).isEqualTo(7);
    assertThat(mapping.memory().byteSize()).isEqualTo(SIZE);
    assertThat(mapping.id()).isEqualTo(pool.id());
    assertThat(mapping.path()).isEqualTo(pool.path());
  }

  @Test
  void view_forReading_cannotBeWritten() throws Exception {
    Slot slot = allocate(100);
    try (PoolMapping reader = PoolMapping.open(pool.path(), pool.id(), Access.READ)) {
      MemorySegment view = reader.view(slot.handle(), 100);
      assertThat(view.isReadOnly()).isTrue();
      assertThatExceptionOfType(IllegalArgumentException.class)
          .isThrownBy(() -> view.set(LONG, 0, 1));
    }
  }

  @Test
  void view_ofNoBytesAtThePoolsEnd_works() throws Exception {
    allocate(SIZE - 3 * 64);
    Slot last = pool.allocate(0, PoolUse.FILLING, "b").orElseThrow();
    assertThat(last.handle().offset()).isEqualTo(SIZE);
    assertThat(mapping.view(last.handle(), 0).byteSize()).isZero();
  }

  @Test
  void view_afterFree_stale() {
    Slot slot = allocate(100);
    slot.release();
    assertStale(slot.handle(), 100, "freed");
  }

  @Test
  void view_afterReallocationAtTheSamePlace_stale() throws Exception {
    Slot slot = allocate(100);
    slot.release();
    Slot next = allocate(100);
    assertThat(next.handle().offset()).isEqualTo(slot.handle().offset());
    assertStale(slot.handle(), 100, "freed");
    assertThat(mapping.view(next.handle(), 100).byteSize()).isEqualTo(100);
  }

  @Test
  void view_whereALargerSlotIsNow_stale() {
    Slot first = allocate(100);
    Slot second = allocate(100);
    first.release();
    second.release();
    Slot large = allocate(10_000);
    assertThat(large.handle().offset()).isEqualTo(first.handle().offset());
    large.memory().fill((byte) 0);
    assertStale(second.handle(), 100, "freed");
  }

  @ParameterizedTest
  @CsvSource({"0,0", "64,0", "-64,1", "127,1", "1048640,0", "1048512,65", "128,-1"})
  void view_offsetsAndSizesOutside_stale(long offset, long bytes) {
    SlotHandle handle = new SlotHandle(pool.id(), offset, 1);
    assertThatExceptionOfType(StaleHandleException.class)
        .isThrownBy(() -> mapping.view(handle, bytes));
    assertThat(mapping.isCurrent(handle)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, -1, Long.MAX_VALUE, Long.MAX_VALUE - 63})
  void view_overflowingNumbers_stale(long number) {
    Slot slot = allocate(100);
    assertThatExceptionOfType(StaleHandleException.class)
        .isThrownBy(
            () -> mapping.view(new SlotHandle(pool.id(), number, slot.handle().generation()), 100));
    assertThatExceptionOfType(StaleHandleException.class)
        .isThrownBy(() -> mapping.view(slot.handle(), number));
    assertThat(mapping.isCurrent(new SlotHandle(pool.id(), number, 1))).isFalse();
  }

  @Test
  void view_generationOfFreeMemory_neverMatches() {
    SlotHandle handle = new SlotHandle(pool.id(), 128, 0);
    assertStale(handle, 0, "freed");
  }

  @Test
  void view_moreBytesThanTheSlotHas_refused() {
    Slot slot = allocate(100);
    assertThatExceptionOfType(StaleHandleException.class)
        .isThrownBy(() -> mapping.view(slot.handle(), 101))
        .withMessageContaining("less than 101 bytes");
  }

  @Test
  void view_handleOfAnotherPool_refused() {
    SlotHandle own = allocate(100).handle();
    assertStale(new SlotHandle(own.pool() ^ 1, own.offset(), own.generation()), 100, "another");
  }

  private void assertStale(SlotHandle handle, long bytes, String why) {
    assertThatExceptionOfType(StaleHandleException.class)
        .isThrownBy(() -> mapping.view(handle, bytes))
        .withMessageContaining(why);
    assertThat(mapping.isCurrent(handle)).isFalse();
  }

  @Test
  void view_afterThePoolIsClosed_showsWhatWasThereThen() throws Exception {
    Slot slot = allocate(100);
    slot.memory().fill((byte) 5);
    Slot freed = allocate(100);
    freed.release();
    pool.close();
    MemorySegment view = mapping.view(slot.handle(), 100);
    assertThat(mapping.isCurrent(slot.handle())).isTrue();
    assertStale(freed.handle(), 100, "freed");
    assertThat(view.get(ValueLayout.JAVA_BYTE, 99)).isEqualTo((byte) 5);
  }

  @Test
  void close_thenViewsThrow() throws Exception {
    Slot slot = allocate(100);
    MemorySegment view = mapping.view(slot.handle(), 100);
    mapping.close();
    mapping.close();
    assertThatIllegalStateException().isThrownBy(() -> view.get(LONG, 0));
    assertThatIllegalStateException().isThrownBy(() -> mapping.view(slot.handle(), 100));
    assertThat(slot.memory().get(LONG, 0)).isZero();
  }

  /** A reader copies while the slot is freed and written by the next: what it accepts is whole. */
  @Test
  void isCurrent_afterCopyingWhileSlotsComeAndGo_vouchesForTheCopy() throws Exception {
    AtomicReference<SlotHandle> newest = new AtomicReference<>(new SlotHandle(pool.id(), 128, 1));
    AtomicBoolean stop = new AtomicBoolean();
    AtomicInteger accepted = new AtomicInteger();
    try (ExecutorService executor = Executors.newSingleThreadExecutor()) {
      Future<?> reader =
          executor.submit(
              () -> {
                while (!stop.get()) {
                  if (readsWhole(newest.get())) {
                    accepted.incrementAndGet();
                  }
                }
              });
      try {
        Slot before = allocate(256);
        for (int i = 0; i < 200_000 || (accepted.get() == 0 && i < 100_000_000); i++) {
          Slot slot = allocate(256);
          for (long at = 0; at < 256; at += 8) {
            slot.memory().set(LONG, at, slot.handle().generation());
          }
          newest.set(slot.handle());
          before.release();
          before = slot;
        }
      } finally {
        stop.set(true);
      }
      assertThat(reader.get()).isNull();
      assertThat(accepted).hasPositiveValue();
    }
  }

  private boolean readsWhole(SlotHandle handle) {
    MemorySegment copy = MemorySegment.ofArray(new long[32]);
    try {
      copy.copyFrom(mapping.view(handle, 256));
    } catch (StaleHandleException e) {
      return false;
    }
    if (!mapping.isCurrent(handle)) {
      return false;
    }
    for (long at = 0; at < 256; at += 8) {
      if (copy.get(LONG, at) != handle.generation()) {
        throw new AssertionError("another slot's bytes were taken for those of " + handle);
      }
    }
    return true;
  }

  @Test
  void open_otherIncarnationOrNoFile_gone() {
    assertReason(Reason.GONE, pool.path(), pool.id() + 1);
    assertReason(Reason.GONE, directory.resolve("none"), pool.id());
  }

  @Test
  void open_whatIsNoPool_damaged() throws IOException {
    Path empty = Files.createFile(directory.resolve("empty"));
    Path noise = Files.write(directory.resolve("noise"), new byte[8192]);
    Path link = Files.createSymbolicLink(directory.resolve("link"), pool.path());
    assertReason(Reason.DAMAGED, empty, pool.id());
    assertReason(Reason.DAMAGED, noise, pool.id());
    assertReason(Reason.DAMAGED, directory, pool.id());
    assertReason(Reason.DAMAGED, link, pool.id());
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 8, 24})
  void open_anyHeaderFieldChanged_damaged(long field) {
    pool.memory().set(LONG, field, pool.memory().get(LONG, field) + 1);
    assertReason(Reason.DAMAGED, pool.path(), pool.id());
  }

  @Test
  void open_aCopyThatIsTruncated_damaged() throws IOException {
    Path copy = Files.copy(pool.path(), directory.resolve("copy"));
    try (RandomAccessFile file = new RandomAccessFile(copy.toFile(), "rw")) {
      file.setLength(SIZE / 2);
    }
    assertReason(Reason.DAMAGED, copy, pool.id());
  }

  private static void assertReason(Reason reason, Path path, long id) {
    assertThatExceptionOfType(PoolException.class)
        .isThrownBy(() -> PoolMapping.open(path, id, Access.READ))
        .withMessageContaining(path.toString())
        .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
  }
}
