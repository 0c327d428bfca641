package io.baton.transport.device;

import static io.baton.transport.device.DeviceCopierConformance.TIMEOUT;
import static io.baton.transport.device.DeviceCopierConformance.assertFails;
import static io.baton.transport.device.DeviceCopierConformance.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.baton.transport.device.DeviceException.Reason;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a real device does rarely: being slow, stuck, or out of order. */
class StreamCopierTest {

  private static final Duration SOON = Duration.ofMillis(50);

  private final HeapDriver driver = new HeapDriver();
  private final Arena arena = Arena.ofShared();
  private final AtomicInteger givenBack = new AtomicInteger();

  @AfterEach
  void noThreadIsLeft() {
    await()
        .untilAsserted(
            () ->
                assertThat(Thread.getAllStackTraces().keySet())
                    .noneMatch(thread -> thread.getName().startsWith("baton-device-")));
    driver.discard();
    arena.close();
  }

  private DeviceCopier open() throws DeviceException {
    return StreamCopier.open(0, driver, TIMEOUT, Duration.ofSeconds(5));
  }

  private HostMemory memory(long bytes) {
    return new HostMemory(arena.allocate(bytes), givenBack::incrementAndGet);
  }

  @Test
  void copy_thatIsLate_failsAtItsDeadlineAndKeepsItsMemoryUntilItHasEnded() throws Exception {
    try (DeviceCopier copier = open()) {
      driver.hold();

      assertFails(
          Reason.DEADLINE_EXCEEDED,
          () -> get(copier.toHost(driver.allocate(64), memory(64), SOON)));
      assertThat(givenBack).hasValue(0);

      driver.release();
      await().untilAsserted(() -> assertThat(givenBack).hasValue(1));
    }
  }

  @Test
  void copy_thatFails_namesTheDriversError() throws Exception {
    try (DeviceCopier copier = open()) {
      driver.failNext("heapErrorBroken");

      assertThatThrownBy(() -> get(copier.toHost(driver.allocate(64), memory(64), TIMEOUT)))
          .isInstanceOf(ExecutionException.class)
          .cause()
          .asInstanceOf(InstanceOfAssertFactories.type(DeviceException.class))
          .satisfies(
              failure -> {
                assertThat(failure.error()).hasValue("heapErrorBroken");
                assertThat(failure).hasMessageContaining("heapErrorBroken");
              });
      assertThat(givenBack).hasValue(1);

      get(copier.toHost(driver.allocate(64), memory(64), TIMEOUT));
      assertThat(givenBack).hasValue(2);
    }
  }

  @Test
  void copies_moreThanMayBeUnderWay_areRefusedUntilOthersHaveEnded() throws Exception {
    try (DeviceCopier copier = open()) {
      driver.hold();
      DeviceBuffer buffer = driver.allocate(8);
      List<CompletableFuture<?>> underWay = new ArrayList<>();
      for (int i = 0; i < StreamCopier.MAX_UNDER_WAY; i++) {
        underWay.add(copier.toHost(buffer, memory(8), TIMEOUT));
      }

      assertFails(Reason.BUSY, () -> get(copier.toHost(buffer, memory(8), TIMEOUT)));
      assertThat(givenBack).hasValue(1);

      driver.release();
      get(CompletableFuture.allOf(underWay.toArray(CompletableFuture[]::new)));
      get(copier.toHost(buffer, memory(8), TIMEOUT));
      assertThat(givenBack).hasValue(StreamCopier.MAX_UNDER_WAY + 2);
    }
  }

  @Test
  void end_ofARegistration_comesAfterTheCopiesBeforeIt() throws Exception {
    try (DeviceCopier copier = open()) {
      MemorySegment host = arena.allocate(64);
      DeviceCopier.Registration known = get(copier.register(host, TIMEOUT));
      driver.hold();
      var copy = copier.toHost(driver.allocate(64), HostMemory.of(host), TIMEOUT);
      var ended = known.end(TIMEOUT);
      await().until(() -> driver.calls().contains("to host 64"));
      assertThat(driver.registrations()).isEqualTo(1);

      driver.release();
      get(ended);

      assertThat(copy).isCompleted();
      assertThat(driver.registrations()).isZero();
    }
  }

  @Test
  void register_whatTheDriverRefuses_failsAndIsNotKept() throws Exception {
    try (DeviceCopier copier = open()) {
      driver.failNext("heapErrorNotSupported");

      assertFails(Reason.FAILED, () -> get(copier.register(arena.allocate(64), TIMEOUT)));
    }
    assertThat(driver.calls()).containsExactly("open", "close");
  }

  @Test
  void close_forgetsMemoryBeforeTheDriverIsClosed() throws Exception {
    try (DeviceCopier copier = open()) {
      get(copier.register(arena.allocate(64), TIMEOUT));
    }
    assertThat(driver.calls()).containsExactly("open", "register", "unregister", "close");
  }

  @Test
  void close_whileTheDeviceIsStuck_endsAndKeepsWhatTheDeviceMayStillWrite() throws Exception {
    DeviceCopier copier = StreamCopier.open(0, driver, TIMEOUT, SOON);
    driver.hold();
    var stuck = copier.toHost(driver.allocate(64), memory(64), TIMEOUT);

    copier.close();

    assertFails(Reason.CLOSED, () -> get(stuck));
    assertThat(givenBack).hasValue(0);
    assertThat(driver.isClosed()).isFalse();
  }

  @Test
  void giveBack_thatThrows_stopsNothing() throws Exception {
    try (DeviceCopier copier = open()) {
      HostMemory broken =
          new HostMemory(
              arena.allocate(8),
              () -> {
                throw new IllegalStateException("broken on purpose");
              });

      get(copier.toHost(driver.allocate(8), broken, TIMEOUT));
      get(copier.toHost(driver.allocate(8), memory(8), TIMEOUT));
    }
  }

  @Test
  void open_ofADeviceThatRefuses_saysWhy() {
    driver.failNext("heapErrorNoDevice");

    assertThatThrownBy(this::open)
        .isInstanceOf(DeviceException.class)
        .hasMessageContaining("heapErrorNoDevice");
  }

  @Test
  void open_ofADeviceThatDoesNotAnswer_endsAtItsDeadline() {
    CountDownLatch mayOpen = new CountDownLatch(1);
    HeapDriver slow = new HeapDriver(mayOpen);

    assertThatThrownBy(() -> StreamCopier.open(0, slow, SOON, SOON))
        .isInstanceOf(DeviceException.class)
        .hasMessageContaining("does not answer within 50 ms");

    mayOpen.countDown();
    await().until(slow::isClosed);
    slow.discard();
  }
}
