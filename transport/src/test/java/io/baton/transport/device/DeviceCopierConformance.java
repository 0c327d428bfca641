package io.baton.transport.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.baton.transport.device.DeviceException.Reason;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolException;
import io.baton.transport.pinned.PoolUsage;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every copier does. A subject has a device, and gives out its memory. */
abstract class DeviceCopierConformance {

  static final Duration TIMEOUT = Duration.ofSeconds(10);

  private final List<DeviceBuffer> buffers = new ArrayList<>();
  private PinnedPool pool;
  private DeviceCopier copier;

  /** To be closed by this suite. Skips the test where there is no device. */
  abstract DeviceCopier open();

  /** Memory of the copier's device. */
  abstract DeviceBuffer allocate(long bytes) throws DeviceException;

  abstract void free(DeviceBuffer buffer);

  /** After everything has been freed and closed. */
  abstract void assertNothingLeft();

  @BeforeEach
  void start() throws PoolException {
    copier = open();
    pool = PinnedPool.create(PoolConfig.of("device", 64 << 20).withLock(false));
  }

  @AfterEach
  void nothingIsLeft() {
    if (copier == null) {
      return;
    }
    buffers.forEach(this::free);
    copier.close();
    assertThat(pool.usage().total()).isEqualTo(PoolUsage.Amount.NONE);
    pool.close();
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().startsWith("baton-device-"));
    assertNothingLeft();
  }

  private DeviceBuffer buffer(long bytes) throws DeviceException {
    DeviceBuffer buffer = allocate(bytes);
    buffers.add(buffer);
    return buffer;
  }

  private Slot slot(long bytes) {
    return pool.allocate(bytes, PoolUse.COMMAND, "test").orElseThrow();
  }

  static void fill(MemorySegment memory, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (long i = 0; i < memory.byteSize(); i++) {
      memory.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
    }
  }

  static <T extends @Nullable Object> T get(CompletableFuture<T> future)
      throws ExecutionException, InterruptedException, java.util.concurrent.TimeoutException {
    return future.get(2 * TIMEOUT.toSeconds(), TimeUnit.SECONDS);
  }

  static void assertFails(Reason reason, ThrowingCallable waiting) {
    assertThatThrownBy(waiting)
        .isInstanceOf(ExecutionException.class)
        .cause()
        .asInstanceOf(InstanceOfAssertFactories.type(DeviceException.class))
        .satisfies(failure -> assertThat(failure.reason()).isEqualTo(reason));
  }

  @Test
  void name_andOrdinal_areTheDevices() {
    assertThat(copier.name()).isNotBlank();
    assertThat(copier.device()).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 63, 4096, 1_000_003, 16 << 20})
  void copies_thereAndBack_leaveTheBytesAsTheyWere(int bytes) throws Exception {
    DeviceBuffer buffer = buffer(bytes);
    Slot from = slot(bytes);
    Slot to = slot(bytes);
    fill(from.memory(), bytes);

    get(copier.toDevice(HostMemory.of(from), buffer, TIMEOUT));
    get(copier.toHost(buffer, HostMemory.of(to), TIMEOUT));

    assertThat(to.memory().mismatch(from.memory())).isEqualTo(-1);
    from.release();
    to.release();
  }

  @Test
  void copies_ofRegisteredMemory_areTheSame() throws Exception {
    DeviceCopier.Registration known = get(copier.register(pool.memory(), TIMEOUT));
    DeviceBuffer buffer = buffer(1 << 20);
    Slot from = slot(1 << 20);
    Slot to = slot(1 << 20);
    fill(from.memory(), 7);

    get(copier.toDevice(HostMemory.of(from), buffer, TIMEOUT));
    get(copier.toHost(buffer, HostMemory.of(to), TIMEOUT));

    assertThat(to.memory().mismatch(from.memory())).isEqualTo(-1);
    from.release();
    to.release();
    get(known.end(TIMEOUT));
    get(known.end(TIMEOUT));
  }

  @Test
  void copies_askedForTogether_areMadeInOrder() throws Exception {
    DeviceBuffer buffer = buffer(64);
    Slot to = slot(64);
    List<Slot> from = new ArrayList<>();
    CompletableFuture<?> last = CompletableFuture.completedFuture(null);
    for (int i = 0; i < 100; i++) {
      Slot slot = slot(64);
      slot.memory().fill((byte) i);
      from.add(slot);
      var _ = copier.toDevice(HostMemory.of(slot), buffer, TIMEOUT);
      last = copier.toHost(buffer, HostMemory.of(to), TIMEOUT);
    }

    get(last);

    assertThat(to.memory().get(ValueLayout.JAVA_BYTE, 63)).isEqualTo((byte) 99);
    from.forEach(Slot::release);
    to.release();
  }

  @Test
  void copy_ofAPart_leavesTheRestAsItWas() throws Exception {
    DeviceBuffer buffer = buffer(256);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment host = arena.allocate(256);
      host.fill((byte) 1);
      get(copier.toDevice(HostMemory.of(host), buffer, TIMEOUT));
      host.fill((byte) 2);
      get(copier.toDevice(HostMemory.of(host.asSlice(0, 16)), buffer.slice(100, 16), TIMEOUT));
      get(copier.toHost(buffer, HostMemory.of(host), TIMEOUT));

      assertThat(host.get(ValueLayout.JAVA_BYTE, 99)).isEqualTo((byte) 1);
      assertThat(host.get(ValueLayout.JAVA_BYTE, 100)).isEqualTo((byte) 2);
      assertThat(host.get(ValueLayout.JAVA_BYTE, 115)).isEqualTo((byte) 2);
      assertThat(host.get(ValueLayout.JAVA_BYTE, 116)).isEqualTo((byte) 1);
    }
  }

  @Test
  void copy_ofNothing_isDoneAtOnce() throws Exception {
    Slot slot = slot(0);

    assertThat(copier.toHost(new DeviceBuffer(0, 0, 0), HostMemory.of(slot), TIMEOUT)).isDone();

    slot.release();
  }

  @Test
  void copy_intoASlotThatItsOwnerReleases_keepsTheSlotUntilItIsDone() throws Exception {
    DeviceBuffer buffer = buffer(1 << 20);
    Slot slot = slot(1 << 20);
    CompletableFuture<?> done = copier.toHost(buffer, HostMemory.of(slot), TIMEOUT);
    slot.release();

    get(done);

    assertThat(pool.usage().total()).isEqualTo(PoolUsage.Amount.NONE);
  }

  @Test
  void copy_thatCannotBe_isRefusedAndGivesItsMemoryBack() throws Exception {
    DeviceBuffer buffer = buffer(64);
    Slot slot = slot(32);

    assertThatIllegalArgumentException()
        .isThrownBy(() -> copier.toHost(buffer, HostMemory.of(slot), TIMEOUT));
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                copier.toDevice(
                    HostMemory.of(slot), new DeviceBuffer(buffer.address(), 32, 1), TIMEOUT));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> HostMemory.of(MemorySegment.ofArray(new byte[64])));

    slot.release();
  }

  @Test
  void register_whatIsKnownAlready_fails() throws Exception {
    get(copier.register(pool.memory(), TIMEOUT));

    assertFails(Reason.FAILED, () -> get(copier.register(pool.memory(), TIMEOUT)));
  }

  @Test
  void register_onceItWasForgotten_worksAgain() throws Exception {
    get(get(copier.register(pool.memory(), TIMEOUT)).end(TIMEOUT));

    assertThat(get(copier.register(pool.memory(), TIMEOUT))).isNotNull();
  }

  @Test
  void close_afterCopiesWereAskedFor_makesThem() throws Exception {
    DeviceBuffer buffer = buffer(1 << 20);
    Slot slot = slot(1 << 20);
    CompletableFuture<?> done = copier.toDevice(HostMemory.of(slot), buffer, TIMEOUT);

    copier.close();

    assertThat(done).isCompleted();
    slot.release();
  }

  @Test
  void close_again_doesNothing_andWhatComesAfterItFails() {
    copier.close();
    copier.close();
    Slot slot = slot(64);

    assertFails(
        Reason.CLOSED,
        () -> get(copier.toHost(new DeviceBuffer(64, 64, 0), HostMemory.of(slot), TIMEOUT)));
    assertFails(Reason.CLOSED, () -> get(copier.register(pool.memory(), TIMEOUT)));

    slot.release();
  }
}
