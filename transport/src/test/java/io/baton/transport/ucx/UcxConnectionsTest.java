package io.baton.transport.ucx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.baton.proto.v1.Withdraw;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Wires that come and go between engines that stay. */
class UcxConnectionsTest {

  private static final Withdraw FRAME = Withdraw.newBuilder().setNumber(7).build();
  private static final int BODY_BYTES = 1 << 20;

  /** Counts the frames, and takes no body before it may. */
  private static final class Counting implements UcxHub.Target {
    final AtomicInteger frames = new AtomicInteger();
    final AtomicInteger bodies = new AtomicInteger();
    final CountDownLatch mayTake;

    Counting(int gates) {
      mayTake = new CountDownLatch(gates);
    }

    @Override
    public void onFrame(ByteBuffer frame) {
      frames.incrementAndGet();
    }

    @Override
    public Landing onBody(long number, long bytes) {
      Ucx.awaitQuietly(mayTake);
      bodies.incrementAndGet();
      return Landing.REFUSED;
    }
  }

  @TempDir private Path directory;
  private final List<UcxHub> hubs = new ArrayList<>();
  private final List<UcxFailure> lost = new CopyOnWriteArrayList<>();

  private PinnedPool pool;
  private UcxHub here;

  @BeforeEach
  void open() throws Exception {
    pool = PinnedPool.create(PoolConfig.of("here", 4L * BODY_BYTES).withDirectory(directory));
    Ucx.assumeAvailable();
    here = hub("here");
  }

  @AfterEach
  void close() {
    List<UcxFailure> told = List.copyOf(lost);
    hubs.forEach(UcxHub::close);
    pool.close();
    assertThat(told).isEmpty();
  }

  private UcxHub hub(String name) throws UcxUnavailableException {
    UcxHub hub = UcxHub.start(Ucx.config(name, Ucx.TCP));
    hubs.add(hub);
    return hub;
  }

  private UcxWire wire(UcxHub from, UcxHub to) throws UcxConnectException {
    return from.wire(to.address(), Ucx.HERE, lost::add);
  }

  private static int connections(UcxHub hub) {
    return hub.stats().connections();
  }

  private static void talk(UcxWire wire, long key, Counting target) {
    int before = target.frames.get();
    assertThat(wire.frame(key, FRAME)).isTrue();
    await().pollInterval(Duration.ofMillis(1)).until(() -> target.frames.get() > before);
  }

  private void sendBody(UcxWire wire, long key) throws Exception {
    Slot slot = pool.allocate(BODY_BYTES, PoolUse.IN_USE, "g").orElseThrow();
    wire.body(key, 1, slot);
    slot.release();
  }

  /** Waits until so many connections are idle. */
  private static void settle(UcxHub hub, int idle) {
    await().pollInterval(Duration.ofMillis(1)).until(() -> hub.idleConnections() == idle);
  }

  private void reconnect(UcxHub there, Counting target, long hereKey, long key)
      throws UcxConnectException {
    try (UcxWire out = wire(here, there);
        UcxWire back = wire(there, here)) {
      talk(out, key, target);
      talk(back, hereKey, target);
    }
    settle(here, 1);
    settle(there, 1);
  }

  @Test
  void wires_oneAfterAnother_leaveNoDescriptor() throws Exception {
    UcxHub there = hub("there");
    Counting target = new Counting(0);
    long hereKey = here.enter(target);
    long thereKey = there.enter(target);
    for (int i = 0; i < 5; i++) {
      reconnect(there, target, hereKey, thereKey);
    }
    Footprint before = Footprint.now();

    for (int i = 0; i < 50; i++) {
      reconnect(there, target, hereKey, thereKey);
    }

    assertThat(Footprint.now().descriptors()).isLessThanOrEqualTo(before.descriptors());
  }

  @Test
  void wires_atTheSameTime_haveAConnectionEach_andTheNextOnesTakeThose() throws Exception {
    UcxHub there = hub("there");
    Counting target = new Counting(0);
    long key = there.enter(target);
    try (UcxWire one = wire(here, there);
        UcxWire two = wire(here, there)) {
      talk(one, key, target);
      talk(two, key, target);
      assertThat(connections(here)).isEqualTo(2);
    }
    settle(here, 2);

    try (UcxWire three = wire(here, there);
        UcxWire four = wire(here, there)) {
      talk(three, key, target);
      talk(four, key, target);
      assertThat(connections(here)).isEqualTo(2);
    }
  }

  @Test
  void wire_thatIsClosedWhileABodyIsUnderWay_isNotTakenBeforeThatHasGone() throws Exception {
    UcxHub there = hub("there");
    Counting target = new Counting(1);
    long key = there.enter(target);
    UcxWire wire = wire(here, there);
    sendBody(wire, key);
    wire.close();
    assertThat(wire.frame(key, FRAME)).isFalse();

    try (UcxWire next = wire(here, there)) {
      await().until(() -> connections(here) == 2);
      assertThat(here.idleConnections()).isZero();
      target.mayTake.countDown();
      talk(next, key, target);
    }
    settle(here, 2);
    await().until(() -> pool.usage().total().slots() == 0);
    assertThat(target.bodies).hasValue(1);
  }

  @Test
  void wire_whoseBodyIsNeverTaken_takesItsConnectionWithIt() throws Exception {
    UcxHub there = hub("there");
    Counting target = new Counting(1);
    long key = there.enter(target);
    UcxWire wire = wire(here, there);
    sendBody(wire, key);

    wire.close();

    await().until(() -> connections(here) == 0);
    assertThat(pool.usage().total().slots()).isZero();
    assertThat(here.idleConnections()).isZero();
    target.mayTake.countDown();
  }

  @Test
  void peer_thatEnds_takesTheIdleConnectionsWithIt_andNobodyIsTold() throws Exception {
    Counting target = new Counting(0);
    for (int i = 0; i < 3; i++) {
      UcxHub there = hub("there");
      long key = there.enter(target);
      try (UcxWire wire = wire(here, there)) {
        talk(wire, key, target);
      }
      settle(here, 1);
      there.close();
      await().until(() -> connections(here) == 0);
      assertThat(here.idleConnections()).isZero();
    }
  }

  @Test
  void idleConnections_areBounded() throws Exception {
    UcxHub there = hub("there");
    List<UcxWire> wires = new ArrayList<>();
    for (int i = 0; i < UcxConnections.MAX_IDLE + 5; i++) {
      wires.add(wire(here, there));
    }
    wires.forEach(UcxWire::close);
    await().until(() -> connections(here) == UcxConnections.MAX_IDLE);
    assertThat(here.idleConnections()).isEqualTo(UcxConnections.MAX_IDLE);
  }
}
