package io.baton.transport.ucx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Two engines in two processes, of which one is killed. */
class UcxPeerDeathTest {

  private static final Duration NOTICED = Duration.ofSeconds(2);

  private final Arena arena = Arena.ofShared();
  private final List<UcxFailure> lost = new CopyOnWriteArrayList<>();

  @BeforeEach
  void available() {
    Ucx.assumeAvailable();
  }

  @AfterEach
  void close() {
    arena.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {Ucx.TCP, Ucx.SHARED_MEMORY, Ucx.ALL})
  void idleConnection_isLost_andAnotherPeerIsReached(String transports) throws Exception {
    try (UcxEngine engine = start(transports, new RecordingReceiver());
        PeerProcess peer = PeerProcess.start(transports)) {
      UcxConnection connection = engine.connect(peer.address(), Ucx.HERE, lost::add);
      assertThat(send(connection, 1 << 20).outcome()).isEmpty();
      peer.kill();
      await().atMost(NOTICED).until(() -> !lost.isEmpty());
      assertThat(lost).extracting(UcxFailure::kind).containsExactly(UcxFailure.Kind.PEER_LOST);
      assertThat(connection.send(Ucx.header(1), MemorySegment.NULL, new RecordedCompletion()))
          .isEqualTo(Handover.CLOSED);
      reachesAnotherPeer(engine, transports);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        Ucx.TCP + ";1000",
        Ucx.TCP + ";60000",
        Ucx.TCP + ";16777216",
        Ucx.SHARED_MEMORY + ";1000",
        Ucx.SHARED_MEMORY + ";60000",
        Ucx.SHARED_MEMORY + ";16777216",
      })
  void receiverDies_everySendUnderWayFails(String transports, int bytes) throws Exception {
    try (UcxEngine engine = start(transports, new RecordingReceiver());
        PeerProcess peer = PeerProcess.start(transports)) {
      UcxConnection connection = engine.connect(peer.address(), Ucx.HERE, lost::add);
      MemorySegment body = arena.allocate(bytes);
      RecordedCompletion first = new RecordedCompletion();
      connection.send(Ucx.header(0), body, first);
      assertThat(first.outcome()).isEmpty();
      List<RecordedCompletion> underWay = new ArrayList<>();
      peer.stop();
      while (underWay.size() < 200) {
        RecordedCompletion done = new RecordedCompletion();
        assertThat(connection.send(Ucx.header(1), body, done)).isEqualTo(Handover.ACCEPTED);
        underWay.add(done);
      }
      peer.kill();
      await().atMost(NOTICED).until(() -> !lost.isEmpty());
      int failed = 0;
      for (RecordedCompletion done : underWay) {
        failed += done.outcome().isPresent() ? 1 : 0;
        assertThat(done.times()).isEqualTo(1);
      }
      // Small ones may have been copied into UCX's buffers, which is success.
      assertThat(failed).isGreaterThan(bytes > 10_000 ? 100 : -1);
      reachesAnotherPeer(engine, transports);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {Ucx.TCP, Ucx.SHARED_MEMORY, Ucx.ALL})
  void senderDies_everyLandingIsToldOf(String transports) throws Exception {
    RecordingReceiver receiver = new RecordingReceiver();
    try (UcxEngine engine = start(transports, receiver)) {
      String here = HexFormat.of().formatHex(engine.address());
      try (PeerProcess peer = PeerProcess.start(transports, here, "16777216")) {
        await().until(() -> receiver.received.size() > 2);
        peer.kill();
      }
      await()
          .atMost(Duration.ofSeconds(5))
          .until(
              () ->
                  receiver.announced.size() == receiver.received.size() + receiver.failures.size());
      reachesAnotherPeer(engine, transports);
    }
  }

  /** Or, over shared memory that the dead peer has left locked, is told that it cannot be. */
  private void reachesAnotherPeer(UcxEngine engine, String transports) throws Exception {
    try (PeerProcess next = PeerProcess.start(transports)) {
      Optional<UcxFailure> outcome = sendTo(engine, next);
      if (transports.equals(Ucx.SHARED_MEMORY) && engine.ended().isPresent()) {
        assertThat(engine.ended().map(UcxFailure::kind)).contains(UcxFailure.Kind.ENGINE_ENDED);
      } else {
        assertThat(outcome).isEmpty();
      }
    }
  }

  private Optional<UcxFailure> sendTo(UcxEngine engine, PeerProcess peer) throws Exception {
    try {
      return send(engine.connect(peer.address(), Ucx.HERE, failure -> {}), 1 << 20).outcome();
    } catch (UcxConnectException e) {
      assertThat(e.reason()).isEqualTo(UcxConnectException.Reason.ENGINE_ENDED);
      return engine.ended();
    }
  }

  private RecordedCompletion send(UcxConnection connection, long bytes) {
    RecordedCompletion done = new RecordedCompletion();
    assertThat(connection.send(Ucx.header(0), arena.allocate(bytes), done))
        .isEqualTo(Handover.ACCEPTED);
    return done;
  }

  private static UcxEngine start(String transports, UcxReceiver receiver)
      throws UcxUnavailableException {
    return UcxEngine.start(Ucx.config("survivor", transports), receiver);
  }
}
