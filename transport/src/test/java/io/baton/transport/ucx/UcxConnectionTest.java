package io.baton.transport.ucx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How connections and engines begin and end, with both engines in one process. */
class UcxConnectionTest {

  /** More than a queue in shared memory has room for. */
  private static final int UNREAD = 200;

  private final Arena arena = Arena.ofShared();
  private UcxPair pair = UcxPair.NONE;

  @BeforeEach
  void available() {
    Ucx.assumeAvailable();
  }

  @AfterEach
  void close() {
    pair.close();
    arena.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {Ucx.TCP, Ucx.SHARED_MEMORY, Ucx.ALL})
  void close_thenConnectAgain(String transports) throws Exception {
    pair = UcxPair.start(transports);
    MemorySegment body = Ucx.randomBytes(arena, 1 << 20, 1);
    UcxConnection connection = pair.connection();
    for (int i = 0; i < 20; i++) {
      RecordedCompletion done = new RecordedCompletion();
      assertThat(connection.send(Ucx.header(i), body, done)).isEqualTo(Handover.ACCEPTED);
      CompletableFuture<Void> closed = connection.close();
      if (i % 2 == 0) {
        closed.get(10, TimeUnit.SECONDS);
      }
      assertThat(connection.isOpen()).isFalse();
      connection = pair.here().connect(pair.there().address(), Ucx.HERE, pair.lost()::add);
      assertThat(done.outcome()).isEmpty();
    }
    await().until(() -> pair.receiver().received.size() == 20);
    assertThat(pair.lost()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {Ucx.TCP, Ucx.SHARED_MEMORY, Ucx.ALL})
  void close_sendsWhatIsUnderWay(String transports) throws Exception {
    pair = UcxPair.start(transports);
    List<RecordedCompletion> completions = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      RecordedCompletion done = new RecordedCompletion();
      MemorySegment body = Ucx.randomBytes(arena, i % 2 == 0 ? 100 : 200 << 10, i);
      pair.sendWhenThereIsRoom(Ucx.header(i), body, done);
      completions.add(done);
    }
    pair.connection().close().get(10, TimeUnit.SECONDS);
    for (RecordedCompletion done : completions) {
      assertThat(done.outcome()).isEmpty();
    }
    await().until(() -> pair.receiver().received.size() == 100);
    assertThat(pair.lost()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {Ucx.TCP, Ucx.SHARED_MEMORY})
  void close_receiverStuck_cancelsAtTheDeadline(String transports) throws Exception {
    CountDownLatch stuck = new CountDownLatch(1);
    pair =
        UcxPair.start(
            Ucx.config("pair", transports),
            (header, bytes) -> {
              Ucx.awaitQuietly(stuck);
              return Landing.REFUSED;
            });
    List<RecordedCompletion> completions = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      RecordedCompletion done = new RecordedCompletion();
      MemorySegment body = Ucx.randomBytes(arena, 1 << 20, i);
      pair.sendWhenThereIsRoom(Ucx.header(i), body, done);
      completions.add(done);
    }
    pair.connection().close().get(10, TimeUnit.SECONDS);
    for (RecordedCompletion done : completions) {
      assertThat(done.outcome().map(UcxFailure::kind)).contains(UcxFailure.Kind.CLOSED);
      assertThat(done.times()).isEqualTo(1);
    }
    assertThat(pair.lost()).isEmpty();
    stuck.countDown();
  }

  @Test
  void close_isIdempotentAndNothingIsTakenAfterIt() throws Exception {
    pair = UcxPair.start(Ucx.ALL);
    CompletableFuture<Void> first = pair.connection().close();
    CompletableFuture<Void> second = pair.connection().close();
    assertThat(pair.connection().send(Ucx.header(1), MemorySegment.NULL, new RecordedCompletion()))
        .isEqualTo(Handover.CLOSED);
    first.get(10, TimeUnit.SECONDS);
    second.get(10, TimeUnit.SECONDS);
    assertThat(pair.here().stats().connections()).isZero();
  }

  @Test
  void engineCloses_overTcp_thePeerIsToldAndConnectsToItsSuccessor() throws Exception {
    pair = UcxPair.start(Ucx.TCP);
    RecordedCompletion done = new RecordedCompletion();
    pair.sendWhenThereIsRoom(Ucx.header(1), Ucx.randomBytes(arena, 1 << 20, 1), done);
    assertThat(done.outcome()).isEmpty();
    pair.there().close();
    await().atMost(Duration.ofSeconds(2)).until(() -> pair.lost().size() == 1);
    assertThat(pair.lost().getFirst().kind()).isEqualTo(UcxFailure.Kind.PEER_LOST);
    assertThat(pair.connection().isOpen()).isFalse();
    RecordingReceiver receiver = new RecordingReceiver();
    try (UcxEngine successor = UcxEngine.start(Ucx.config("successor", Ucx.TCP), receiver)) {
      UcxConnection connection =
          pair.here().connect(successor.address(), Ucx.HERE, pair.lost()::add);
      RecordedCompletion again = new RecordedCompletion();
      connection.send(Ucx.header(2), Ucx.randomBytes(arena, 1 << 20, 1), again);
      assertThat(again.outcome()).isEmpty();
      await().until(() -> receiver.received.size() == 1);
    }
  }

  /** UCX looks whether the peer's process lives, and it does. */
  @Test
  void engineCloses_overSharedMemory_whatIsUnderWayEndsWithTheConnection() throws Exception {
    pair = UcxPair.start(Ucx.SHARED_MEMORY);
    RecordedCompletion first = new RecordedCompletion();
    pair.sendWhenThereIsRoom(Ucx.header(1), MemorySegment.NULL, first);
    assertThat(first.outcome()).isEmpty();
    pair.there().close();
    RecordedCompletion done = new RecordedCompletion();
    pair.sendWhenThereIsRoom(Ucx.header(2), Ucx.randomBytes(arena, 1 << 20, 1), done);
    pair.connection().close().get(10, TimeUnit.SECONDS);
    assertThat(done.outcome().map(UcxFailure::kind))
        .get()
        .isIn(UcxFailure.Kind.CLOSED, UcxFailure.Kind.PEER_LOST);
  }

  /**
   * What was never read stays in UCX, which cannot be armed any more. The event that it woke up for
   * last is then never taken back.
   */
  @Test
  void engineCloses_overSharedMemory_whatItHasNotReadCostsItsPeerNoCore() throws Exception {
    List<RecordedCompletion> unread = new CopyOnWriteArrayList<>();
    UcxEngine gone = UcxEngine.start(Ucx.config("gone", Ucx.SHARED_MEMORY), refusing());
    try (UcxEngine third = UcxEngine.start(Ucx.config("third", Ucx.SHARED_MEMORY), refusing())) {
      AtomicReference<UcxConnection> way = new AtomicReference<>();
      try (UcxEngine here =
          UcxEngine.start(
              Ucx.config("here", Ucx.SHARED_MEMORY),
              (header, bytes) -> {
                sendMany(way.get(), unread);
                return Landing.REFUSED;
              })) {
        way.set(here.connect(gone.address(), Ucx.HERE, failure -> {}));
        RecordedCompletion first = new RecordedCompletion();
        assertThat(way.get().send(Ucx.header(1), MemorySegment.NULL, first))
            .isEqualTo(Handover.ACCEPTED);
        assertThat(first.outcome()).isEmpty();
        gone.close();
        third
            .connect(here.address(), Ucx.HERE, failure -> {})
            .send(Ucx.header(1), MemorySegment.NULL, new RecordedCompletion());
        await().until(() -> unread.size() == UNREAD);
        long before = Ucx.cpuNanos("baton-ucx-here");
        await()
            .pollDelay(Duration.ofSeconds(2))
            .untilAsserted(
                () ->
                    assertThat(Ucx.cpuNanos("baton-ucx-here") - before)
                        .isLessThan(TimeUnit.MILLISECONDS.toNanos(600)));
      }
    }
  }

  private static UcxReceiver refusing() {
    return (header, bytes) -> Landing.REFUSED;
  }

  private static void sendMany(UcxConnection connection, List<RecordedCompletion> unread) {
    for (int i = 0; i < UNREAD; i++) {
      RecordedCompletion done = new RecordedCompletion();
      connection.send(Ucx.header(i), MemorySegment.NULL, done);
      unread.add(done);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {Ucx.TCP, Ucx.SHARED_MEMORY, Ucx.ALL})
  void engineCloses_withTrafficBothWays_everyCompletionIsToldOnce(String transports)
      throws Exception {
    pair = UcxPair.start(transports);
    UcxConnection back = pair.there().connect(pair.here().address(), Ucx.HERE, failure -> {});
    List<RecordedCompletion> completions = new ArrayList<>();
    MemorySegment large = Ucx.randomBytes(arena, 4 << 20, 1);
    for (int i = 0; i < 200; i++) {
      for (UcxConnection connection : List.of(pair.connection(), back)) {
        RecordedCompletion done = new RecordedCompletion();
        MemorySegment body = i % 3 == 0 ? large : large.asSlice(0, 5000);
        if (connection.send(Ucx.header(i), body, done) == Handover.ACCEPTED) {
          completions.add(done);
        }
      }
    }
    CompletableFuture<Void> closing = CompletableFuture.runAsync(pair.here()::close);
    pair.there().close();
    closing.get(10, TimeUnit.SECONDS);
    for (RecordedCompletion done : completions) {
      done.outcome();
      assertThat(done.times()).isEqualTo(1);
    }
    for (RecordingReceiver receiver : List.of(pair.receiver(), pair.receiverHere())) {
      assertThat(receiver.received.size() + receiver.failures.size())
          .isEqualTo(receiver.announced.size());
    }
  }

  /** One look at UCX may bring several messages, and there must be few before the next command. */
  @Test
  void engineCloses_whileMoreArrivesThanItCanTake_takesNothingNew() throws Exception {
    CountDownLatch allSent = new CountDownLatch(1);
    AtomicInteger seen = new AtomicInteger();
    AtomicReference<UcxEngine> closing = new AtomicReference<>();
    pair =
        UcxPair.start(
            Ucx.config("pair", Ucx.TCP).withRendezvousBytes(1 << 20),
            (_, _) -> {
              if (seen.incrementAndGet() == 1) {
                Ucx.awaitQuietly(allSent);
                closing.get().close();
              }
              return Landing.REFUSED;
            });
    closing.set(pair.there());
    MemorySegment body = Ucx.randomBytes(arena, 200 << 10, 1);
    List<RecordedCompletion> completions = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      completions.add(new RecordedCompletion());
      assertThat(pair.connection().send(Ucx.header(i), body, completions.getLast()))
          .isEqualTo(Handover.ACCEPTED);
    }
    allSent.countDown();
    pair.close();
    for (RecordedCompletion done : completions) {
      done.outcome();
    }
    assertThat(seen).hasValueLessThan(10);
  }

  @Test
  void engineClosed_refusesEverything() throws Exception {
    pair = UcxPair.start(Ucx.ALL);
    UcxConnection connection = pair.connection();
    pair.here().close();
    pair.here().close();
    assertThat(connection.send(Ucx.header(1), MemorySegment.NULL, new RecordedCompletion()))
        .isEqualTo(Handover.CLOSED);
    connection.close().get(10, TimeUnit.SECONDS);
    assertThat(pair.here().ended().map(UcxFailure::kind)).contains(UcxFailure.Kind.ENGINE_ENDED);
    byte[] address = pair.there().address();
    assertThatThrownBy(() -> pair.here().connect(address, Ucx.HERE, failure -> {}))
        .isInstanceOfSatisfying(
            UcxConnectException.class,
            e -> assertThat(e.reason()).isEqualTo(UcxConnectException.Reason.ENGINE_ENDED));
    assertThatThrownBy(() -> pair.here().register(arena.allocate(4096)))
        .isInstanceOf(UcxFailedException.class);
  }

  @Test
  void connect_noTransportInCommon_isRefused() throws Exception {
    pair = UcxPair.start(Ucx.TCP);
    try (UcxEngine other =
        UcxEngine.start(Ucx.config("other", Ucx.SHARED_MEMORY), new RecordingReceiver())) {
      byte[] address = pair.there().address();
      assertThatThrownBy(() -> other.connect(address, Ucx.HERE, failure -> {}))
          .isInstanceOfSatisfying(
              UcxConnectException.class,
              e -> assertThat(e.reason()).isEqualTo(UcxConnectException.Reason.NOT_AN_ADDRESS));
    }
  }

  @Test
  void connect_moreThanAllowed_isRefusedUntilOneIsClosed() throws Exception {
    pair =
        UcxPair.start(Ucx.config("pair", Ucx.ALL).withMaxConnections(1), new RecordingReceiver());
    byte[] address = pair.there().address();
    assertThatThrownBy(() -> pair.here().connect(address, Ucx.HERE, failure -> {}))
        .isInstanceOfSatisfying(
            UcxConnectException.class,
            e -> assertThat(e.reason()).isEqualTo(UcxConnectException.Reason.TOO_MANY));
    pair.connection().close().get(10, TimeUnit.SECONDS);
    RecordedCompletion done = new RecordedCompletion();
    pair.here()
        .connect(address, Ucx.HERE, failure -> {})
        .send(Ucx.header(1), MemorySegment.NULL, done);
    assertThat(done.outcome()).isEmpty();
  }

  /** UCX itself takes lengths and indexes in an address as they are, and may crash. */
  @Test
  void connect_bytesThatAreNoAddress_areRefused() throws Exception {
    pair = UcxPair.start(Ucx.ALL);
    byte[] address = pair.there().address();
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(11);
    List<byte[]> wrong = new ArrayList<>();
    for (int i = 0; i < address.length; i++) {
      wrong.add(Arrays.copyOf(address, i));
      byte[] flipped = address.clone();
      flipped[i] ^= (byte) (1 << random.nextInt(8));
      wrong.add(flipped);
    }
    for (int i = 0; i < 1000; i++) {
      byte[] garbage = new byte[random.nextInt(300)];
      random.nextBytes(garbage);
      wrong.add(garbage);
    }
    wrong.add(Arrays.copyOf(address, address.length + 1));
    wrong.add(new byte[100 << 10]);
    for (byte[] bytes : wrong) {
      assertThatThrownBy(() -> pair.here().connect(bytes, Ucx.HERE, failure -> {}))
          .isInstanceOfSatisfying(
              UcxConnectException.class,
              e -> assertThat(e.reason()).isEqualTo(UcxConnectException.Reason.NOT_AN_ADDRESS));
    }
    RecordedCompletion done = new RecordedCompletion();
    pair.sendWhenThereIsRoom(Ucx.header(1), MemorySegment.NULL, done);
    assertThat(done.outcome()).isEmpty();
  }

  @Test
  void restart_fiftyTimes_leavesNothing() throws Exception {
    restartAndSend();
    Footprint before = Footprint.now();
    for (int i = 0; i < 50; i++) {
      restartAndSend();
    }
    await()
        .pollInSameThread()
        .untilAsserted(
            () ->
                assertThat(Footprint.now())
                    .matches(now -> !now.exceeds(before), "no more than " + before));
  }

  private void restartAndSend() throws Exception {
    try (UcxPair engines = UcxPair.start(Ucx.ALL)) {
      RecordedCompletion done = new RecordedCompletion();
      engines.sendWhenThereIsRoom(Ucx.header(1), Ucx.randomBytes(arena, 1 << 10, 1), done);
      assertThat(done.outcome()).isEmpty();
    }
  }
}
