package io.baton.transport.ucx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two engines in one process. */
class UcxEngineTest {

  private final Arena arena = Arena.ofShared();
  private final List<UcxEngine> engines = new ArrayList<>();
  private final List<UcxFailure> lost = new CopyOnWriteArrayList<>();

  @BeforeEach
  void available() {
    Ucx.assumeAvailable();
  }

  @AfterEach
  void close() {
    engines.forEach(UcxEngine::close);
    arena.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {Ucx.TCP, Ucx.SHARED_MEMORY, Ucx.ALL})
  void send_everySize(String transports) throws Exception {
    RecordingReceiver receiver = new RecordingReceiver();
    UcxEngine there = start("there", transports, receiver);
    UcxEngine here = start("here", transports, new RecordingReceiver());
    UcxConnection connection = here.connect(there.address(), lost::add);
    List<Integer> sizes =
        List.of(0, 1, 8 << 10, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 1 << 20, 16 << 20);
    for (int size : sizes) {
      MemorySegment body = Ucx.randomBytes(arena, size, size);
      RecordedCompletion done = new RecordedCompletion();
      assertThat(connection.send(Ucx.header(size), body, done)).isEqualTo(Handover.ACCEPTED);
      assertThat(done.outcome()).isEmpty();
      await().until(() -> !receiver.received.isEmpty());
      RecordingReceiver.Received received = receiver.received.removeFirst();
      assertThat(received.number()).isEqualTo(size);
      assertThat(received.body().mismatch(body)).isEqualTo(-1);
      assertThat(done.times()).isEqualTo(1);
    }
    assertThat(receiver.failures).isEmpty();
    assertThat(lost).isEmpty();
  }

  private UcxEngine start(String name, String transports, UcxReceiver receiver) throws Exception {
    UcxEngine engine = UcxEngine.start(Ucx.config(name, transports), receiver);
    engines.add(engine);
    return engine;
  }
}
