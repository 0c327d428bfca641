package io.baton.transport.lane;

import static io.baton.session.model.StageRole.ACTIVE;
import static io.baton.session.model.StageRole.STANDBY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.baton.session.model.Payload;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.transport.Payloads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every lane must do, whatever carries it. One that is new extends this and adds a rig. */
public abstract class LaneConformance {

  /** Bytes that may wait in a lane of the rig, so that a test can fill it. */
  public static final int QUEUE_BYTES = 16 << 20;

  public static final RelayId SENDER = new RelayId("relay-a", 0x1234_5678_9abc_def0L);
  public static final RelayId RECEIVER = new RelayId("relay-b", 0x0fed_cba9_8765_4321L);

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** Two relays on one host, of which the receiving one can be stopped and started again. */
  public interface Rig extends AutoCloseable {

    /** Starts to receive, at the address at which it did before. */
    void startReceiver(PushReceiver receiver) throws Exception;

    /** Stops as a process does: at once. */
    void stopReceiver();

    /** How payloads are to travel once the lane is ready. */
    LaneKind kind();

    /** Opens a lane with room for {@link #QUEUE_BYTES} to the receiver's address. */
    Lane openLane();

    /** Streams, threads and the like that are still held, in words. */
    List<String> held();

    @Override
    void close();
  }

  protected abstract Rig rig() throws Exception;

  private Rig rig;
  private RecordingReceiver receiver;
  private Lane lane;

  @BeforeEach
  void open() throws Exception {
    rig = rig();
    receiver = new RecordingReceiver();
    rig.startReceiver(receiver);
    lane = rig.openLane();
  }

  @AfterEach
  void close_leavesNothing() {
    receiver.release();
    lane.close();
    rig.stopReceiver();
    rig.close();
    eventually().untilAsserted(() -> assertThat(rig.held()).isEmpty());
  }

  private static ConditionFactory eventually() {
    return await().atMost(PATIENCE).pollInterval(Duration.ofMillis(5));
  }

  private void awaitState(LaneState state) {
    eventually().untilAsserted(() -> assertThat(lane.state()).isEqualTo(state));
  }

  private List<Push> arrived(int count) {
    eventually().untilAsserted(() -> assertThat(receiver.pushes()).hasSize(count));
    return receiver.pushes();
  }

  private static void assertSame(Push arrived, Push sent) {
    assertThat(arrived).isEqualTo(sent);
    // Payloads are equal by digest; here the bytes are to be.
    assertThat(arrived.payload().activations()).isEqualTo(sent.payload().activations());
    assertThat(arrived.payload().sideInputs()).isEqualTo(sent.payload().sideInputs());
  }

  private void assertArrives(Payload payload) {
    Push push = Pushes.of(1, 1, payload);
    assertThat(lane.push(push, ACTIVE)).isTrue();
    assertSame(arrived(1).getFirst(), push);
    assertThat(receiver.senders()).containsExactly(SENDER);
    assertThat(receiver.drops()).isEmpty();
    long shared = rig.kind() == LaneKind.LOCAL && payload.bytes() > 0 ? 1 : 0;
    assertThat(lane.stats())
        .isEqualTo(
            new LaneStats(1, 0, 0, 0, 0, payload.bytes(), 0, shared, shared * payload.bytes()));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4096, 65536, 65537, 262144, 300_001})
  void push_ofAnySizeArrives(int bytes) {
    assertArrives(Payloads.ofBytes(bytes, bytes));
  }

  @Test
  void push_ofManyChunksArrives() {
    assertArrives(Payloads.ofBytes(8, 8 << 20));
  }

  @Test
  void push_ofNoTokensArrives() {
    assertArrives(Payloads.empty());
  }

  @ParameterizedTest
  @ValueSource(ints = {100, 100_000})
  void push_bringsItsSideInputs(int bytes) {
    assertArrives(Payloads.withSideInputs(3, bytes));
  }

  @Test
  void remote_isWhoAnswered() {
    awaitState(LaneState.READY);
    assertThat(lane.remote()).contains(RECEIVER);
    assertThat(lane.lastFailure()).isEmpty();
  }

  @Test
  void kind_onceItIsReady_isHowPayloadsTravel() throws Exception {
    awaitState(LaneState.READY);
    assertThat(lane.kind()).isEqualTo(rig.kind());

    rig.stopReceiver();
    eventually().untilAsserted(() -> assertThat(lane.state()).isNotEqualTo(LaneState.READY));
    rig.startReceiver(receiver);
    awaitState(LaneState.READY);
    assertThat(lane.kind()).isEqualTo(rig.kind());
    assertThat(lane.push(Pushes.of(1, 1, Payloads.ofBytes(1, 1000)), ACTIVE)).isTrue();
    arrived(1);
    assertThat(lane.stats().shared()).isEqualTo(rig.kind() == LaneKind.LOCAL ? 1 : 0);
  }

  @Test
  void pushes_keepTheirOrder() {
    List<Push> sent = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      Push push = Pushes.of(i % 3, i, Payloads.ofBytes(i, i % 10 == 0 ? 70_000 : 100));
      assertThat(lane.push(push, ACTIVE)).isTrue();
      sent.add(push);
    }
    assertThat(arrived(sent.size())).isEqualTo(sent);
  }

  @Test
  void concurrentPushers_eachKeepsItsOrder() throws Exception {
    int pushers = 4;
    int each = 150;
    awaitState(LaneState.READY);
    try (ExecutorService pool = Executors.newFixedThreadPool(pushers)) {
      List<Future<Integer>> results = new ArrayList<>();
      for (int p = 0; p < pushers; p++) {
        results.add(pool.submit(pusher(p, each)));
      }
      for (Future<Integer> result : results) {
        assertThat(result.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(each);
      }
    }
    Map<Long, Long> next = new HashMap<>();
    for (Push push : arrived(pushers * each)) {
      assertThat(push.step().id().number())
          .isEqualTo(next.merge(push.session().high(), 1L, Long::sum) - 1);
    }
    assertThat(receiver.drops()).isEmpty();
  }

  private Callable<Integer> pusher(int session, int count) {
    return () -> {
      int accepted = 0;
      for (int i = 0; i < count; i++) {
        // Some in chunks, so that the chunks of one could come between those of another.
        int bytes = i % 25 == 0 ? 150_000 : 1000;
        accepted += lane.push(Pushes.of(session, i, Payloads.ofBytes(i, bytes)), ACTIVE) ? 1 : 0;
      }
      return accepted;
    };
  }

  @Test
  void stalledReceiver_makesTheLaneShedWithinBounds() {
    awaitState(LaneState.READY);
    receiver.stall();
    Payload payload = Payloads.ofBytes(1, 1 << 20);
    List<Push> sent = new ArrayList<>();
    int tries = 0;
    while (lane.stats().shed() < 3 && tries < 200) {
      Push push = Pushes.of(1, tries++, payload);
      if (lane.push(push, ACTIVE)) {
        sent.add(push);
      }
    }
    assertThat(lane.stats().shed()).isEqualTo(3);
    // What waits in the lane, and as much again for the buffers of the two systems below it.
    assertThat(lane.stats().bytes()).isLessThanOrEqualTo(2L * QUEUE_BYTES);

    receiver.release();
    assertThat(arrived(sent.size())).as("what was accepted is not lost").isEqualTo(sent);
    assertThat(lane.push(Pushes.of(2, 1, payload), ACTIVE)).isTrue();
    arrived(sent.size() + 1);
  }

  @Test
  void stalledReceiver_shedsWhatIsForAStandbyFirst() {
    awaitState(LaneState.READY);
    receiver.stall();
    Payload payload = Payloads.ofBytes(1, 1 << 20);
    List<Push> sent = new ArrayList<>();
    int step = 0;
    // Standby pushes alone: most of the lane stays free.
    while (lane.stats().standbyShed() < 3 && step < 200) {
      Push push = Pushes.of(1, step++, payload);
      if (lane.push(push, STANDBY)) {
        sent.add(push);
      }
    }
    assertThat(lane.stats().standbyShed()).isEqualTo(3);
    assertThat(lane.stats().standbyPushed()).isEqualTo(sent.size());
    // A quarter, and what the two systems below it buffer.
    assertThat(lane.stats().bytes()).isLessThanOrEqualTo(QUEUE_BYTES / 4 + QUEUE_BYTES);

    // The active ones go on until it is full.
    int active = 0;
    while (lane.stats().shed() == 0 && step < 400) {
      Push push = Pushes.of(2, step++, payload);
      if (lane.push(push, ACTIVE)) {
        sent.add(push);
        active++;
      }
    }
    assertThat(lane.push(Pushes.of(1, step++, payload), STANDBY)).isFalse();
    assertThat(active * (long) (1 << 20)).isGreaterThanOrEqualTo(QUEUE_BYTES / 2);
    assertThat(lane.stats().pushed()).isEqualTo(active);

    receiver.release();
    assertThat(arrived(sent.size())).as("what was accepted is not lost").isEqualTo(sent);
    assertThat(lane.push(Pushes.of(1, step, payload), STANDBY)).isTrue();
    arrived(sent.size() + 1);
  }

  @Test
  void payloadLargerThanAStandbysShare_isShedAndTheActiveOneArrives() {
    awaitState(LaneState.READY);
    Payload payload = Payloads.ofBytes(1, QUEUE_BYTES / 4 + 1);
    assertThat(lane.push(Pushes.of(1, 1, payload), STANDBY)).isFalse();
    assertThat(lane.push(Pushes.of(1, 2, payload), ACTIVE)).isTrue();
    assertThat(arrived(1).getFirst().step().id().number()).isEqualTo(2);
  }

  @Test
  void payloadLargerThanTheLane_isShedAndTheNextArrives() {
    awaitState(LaneState.READY);
    assertThat(lane.push(Pushes.of(1, 1, Payloads.ofBytes(1, QUEUE_BYTES + 1)), ACTIVE)).isFalse();
    assertThat(lane.push(Pushes.of(1, 2, Payloads.ofBytes(1, 10)), ACTIVE)).isTrue();
    assertThat(arrived(1).getFirst().step().id().number()).isEqualTo(2);
  }

  @Test
  void restartedReceiver_getsLaterPushes() throws Exception {
    Push first = Pushes.of(1, 1, Payloads.ofBytes(1, 10));
    lane.push(first, ACTIVE);
    arrived(1);

    rig.stopReceiver();
    eventually().untilAsserted(() -> assertThat(lane.state()).isNotEqualTo(LaneState.READY));
    eventually().until(() -> !lane.push(Pushes.of(1, 2, Payloads.ofBytes(2, 10)), ACTIVE));
    assertThat(lane.lastFailure()).isPresent();
    long lost = lane.stats().lost();

    RecordingReceiver restarted = new RecordingReceiver();
    rig.startReceiver(restarted);
    awaitState(LaneState.READY);
    Push last = Pushes.of(1, 3, Payloads.ofBytes(3, 10));
    assertThat(lane.push(last, ACTIVE)).isTrue();
    eventually().untilAsserted(() -> assertThat(restarted.pushes()).contains(last));
    assertThat(lane.stats().reconnects()).isEqualTo(1);
    assertThat(lane.stats().lost()).isGreaterThanOrEqualTo(lost);
    assertThat(receiver.pushes()).as("nothing is sent twice").containsExactly(first);
  }

  @Test
  void closedLane_shedsAndStaysClosed() {
    awaitState(LaneState.READY);
    lane.close();
    lane.close();
    assertThat(lane.state()).isEqualTo(LaneState.CLOSED);
    assertThat(lane.push(Pushes.of(1, 1, Payloads.ofBytes(1, 10)), ACTIVE)).isFalse();
    assertThat(receiver.pushes()).isEmpty();
  }

  @Test
  void closeWhileStalled_dropsWhatWaitsAndSaysSo() {
    awaitState(LaneState.READY);
    receiver.stall();
    Payload payload = Payloads.ofBytes(1, 1 << 20);
    for (int i = 0; i < 200 && lane.stats().shed() == 0; i++) {
      lane.push(Pushes.of(1, i, payload), ACTIVE);
    }
    lane.close();
    // The thread that was writing when we closed is the one that drops the rest.
    eventually().untilAsserted(() -> assertThat(lane.stats().lost()).isPositive());
    assertThat(lane.stats().lost()).isLessThanOrEqualTo(lane.stats().pushed());
  }

  @Test
  void closedLane_leavesOthersToTheSameReceiverAlone() {
    try (Lane second = rig.openLane()) {
      eventually().untilAsserted(() -> assertThat(second.state()).isEqualTo(LaneState.READY));
      assertThat(second.push(Pushes.of(9, 1, Payloads.ofBytes(1, 10)), ACTIVE)).isTrue();
      arrived(1);
    }
    assertThat(lane.push(Pushes.of(1, 1, Payloads.ofBytes(1, 10)), ACTIVE)).isTrue();
    arrived(2);
  }
}
