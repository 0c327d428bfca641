package io.baton.transport.peer;

import static io.baton.session.model.StageRole.ACTIVE;
import static io.baton.session.model.StageRole.STANDBY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.baton.session.exchange.DataId;
import io.baton.session.model.Payload;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.transport.LaneKind;
import io.baton.transport.Payloads;
import io.baton.transport.payload.PayloadTraffic;
import io.baton.transport.payload.PayloadTraffic.Way;
import io.baton.transport.stream.StreamState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
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

/**
 * What a link must do by every lane, with pushes and with chunks. A lane that is new extends this
 * and adds a rig.
 */
abstract class LaneConformance {

  /** Bytes that may wait in a link of the rig, so that a test can fill it. */
  static final int QUEUE_BYTES = 16 << 20;

  static final RelayId SENDER = new RelayId("relay-a", 0x1234_5678_9abc_def0L);
  static final RelayId RECEIVER = new RelayId("relay-b", 0x0fed_cba9_8765_4321L);

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** Two relays on one host, of which the receiving one can be stopped and started again. */
  abstract PeerRig rig() throws Exception;

  private PeerRig rig;
  private RecordingReceiver receiver;
  private ChunkReceiver chunks;
  private ChunkSender sender;
  private PeerLink link;

  @BeforeEach
  void open() throws Exception {
    rig = rig();
    receiver = new RecordingReceiver();
    chunks = new ChunkReceiver(rig.receiverPool());
    sender = new ChunkSender(rig.senderPool());
    rig.start(RECEIVER, receiver, chunks);
    link = rig.open(SENDER, QUEUE_BYTES, sender);
  }

  @AfterEach
  void close_leavesNothing() {
    if (link == null) {
      return;
    }
    receiver.release();
    link.close();
    rig.close();
    assertThat(chunks.open()).as("slots that are granted").isZero();
    assertThat(sender.open()).as("chunks that are offered").isZero();
    eventually().untilAsserted(() -> assertThat(rig.held()).isEmpty());
  }

  private static ConditionFactory eventually() {
    return await().atMost(PATIENCE).pollInterval(Duration.ofMillis(5));
  }

  /** Until bytes go by the lane; before, and by UCX still for a moment after, they go by gRPC. */
  private void awaitLane() {
    eventually()
        .untilAsserted(
            () -> {
              assertThat(link.state()).isEqualTo(StreamState.READY);
              assertThat(link.lane()).isEqualTo(rig.lane());
            });
  }

  private boolean isShared(long bytes) {
    return rig.lane() == LaneKind.LOCAL && bytes > 0;
  }

  /** Not by UCX, which takes the bytes out of the sender's pool into the receiver's. */
  private boolean isHeldBackByItsReceiver() {
    return rig.lane() != LaneKind.UCX;
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
    awaitLane();
    Push push = Pushes.of(1, 1, payload);
    assertThat(link.push(push, ACTIVE)).isTrue();
    assertSame(arrived(1).getFirst(), push);
    assertThat(receiver.senders()).containsExactly(SENDER);
    assertThat(receiver.drops()).isEmpty();
    long shared = isShared(payload.bytes()) ? 1 : 0;
    assertThat(link.stats().pushes())
        .isEqualTo(
            new PeerStats.Pushes(1, 0, 0, 0, 0, payload.bytes(), shared, shared * payload.bytes()));
    assertCounted(payload.bytes());
  }

  /** Both ends say the same of the way in which the bytes went. */
  private void assertCounted(long bytes) {
    Way one = bytes == 0 ? Way.NONE : new Way(1, bytes);
    PayloadTraffic expected =
        switch (rig.lane()) {
          case LOCAL -> new PayloadTraffic(one, Way.NONE, Way.NONE);
          case UCX -> new PayloadTraffic(Way.NONE, one, Way.NONE);
          case GRPC -> new PayloadTraffic(Way.NONE, Way.NONE, one);
        };
    assertThat(rig.sent().sent().snapshot()).isEqualTo(expected);
    assertThat(rig.received().received().snapshot()).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4096, 65536, 65537, 262144, 300_001})
  void push_ofAnySizeArrives(int bytes) {
    assertArrives(Payloads.ofBytes(bytes, bytes));
  }

  @Test
  void push_ofManyPartsArrives() {
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
    awaitLane();
    assertThat(link.remote()).contains(RECEIVER);
    assertThat(link.lastFailure()).isEmpty();
  }

  @Test
  void lane_onceItIsReady_isHowPayloadsTravel() throws Exception {
    awaitLane();
    assertThat(link.trouble()).isEmpty();
    rig.stop();
    eventually().untilAsserted(() -> assertThat(link.state()).isNotEqualTo(StreamState.READY));
    rig.start(RECEIVER, receiver, chunks);
    awaitLane();
    assertThat(link.push(Pushes.of(1, 1, Payloads.ofBytes(1, 1000)), ACTIVE)).isTrue();
    arrived(1);
    assertCounted(1000);
  }

  @Test
  void pushes_beforeTheWelcome_arriveAsWell() {
    List<Push> sent = new ArrayList<>();
    try (PeerLink early = rig.open(SENDER, QUEUE_BYTES, Links.NO_CHUNKS)) {
      for (int i = 0; i < 20; i++) {
        Push push = Pushes.of(1, i, Payloads.ofBytes(i, 1000));
        assertThat(early.push(push, ACTIVE)).isTrue();
        sent.add(push);
      }
      assertThat(arrived(sent.size())).containsExactlyInAnyOrderElementsOf(sent);
    }
  }

  @Test
  void pushes_arriveAndOvertakeOnlyLargerOnes() {
    awaitLane();
    List<Push> sent = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      Push push = Pushes.of(i % 3, i, Payloads.ofBytes(i, i % 10 == 0 ? 70_000 : 100));
      assertThat(link.push(push, ACTIVE)).isTrue();
      sent.add(push);
    }
    assertThat(arrived(sent.size())).containsExactlyInAnyOrderElementsOf(sent);
    if (isHeldBackByItsReceiver()) {
      for (long size : new long[] {100, 70_000}) {
        assertThat(ofSize(receiver.pushes(), size)).isEqualTo(ofSize(sent, size));
      }
    }
  }

  private static List<Push> ofSize(List<Push> pushes, long bytes) {
    return pushes.stream().filter(push -> push.payload().bytes() == bytes).toList();
  }

  @Test
  void concurrentPushers_loseNothing() throws Exception {
    int pushers = 4;
    int each = 150;
    awaitLane();
    try (ExecutorService pool = Executors.newFixedThreadPool(pushers)) {
      List<Future<Integer>> results = new ArrayList<>();
      for (int p = 0; p < pushers; p++) {
        results.add(pool.submit(pusher(p, each)));
      }
      for (Future<Integer> result : results) {
        assertThat(result.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo(each);
      }
    }
    Map<Long, Set<Long>> steps = new HashMap<>();
    for (Push push : arrived(pushers * each)) {
      assertThat(
              steps
                  .computeIfAbsent(push.session().high(), _ -> new HashSet<>())
                  .add(push.step().id().number()))
          .isTrue();
    }
    assertThat(steps.values()).allMatch(numbers -> numbers.size() == each);
    assertThat(receiver.drops()).isEmpty();
  }

  private Callable<Integer> pusher(int session, int count) {
    return () -> {
      int accepted = 0;
      for (int i = 0; i < count; i++) {
        // Some in parts, so that those of one come between those of another.
        int bytes = i % 25 == 0 ? 150_000 : 1000;
        accepted += link.push(Pushes.of(session, i, Payloads.ofBytes(i, bytes)), ACTIVE) ? 1 : 0;
      }
      return accepted;
    };
  }

  @Test
  void stalledReceiver_losesNothingInSilence() {
    awaitLane();
    receiver.stall();
    Payload payload = Payloads.ofBytes(1, 1 << 20);
    List<Push> sent = new ArrayList<>();
    int tries = 0;
    while (link.stats().pushes().shed() < 3 && tries < 200) {
      Push push = Pushes.of(1, tries++, payload);
      if (link.push(push, ACTIVE)) {
        sent.add(push);
      }
    }
    if (isHeldBackByItsReceiver()) {
      assertThat(link.stats().pushes().shed()).isEqualTo(3);
      // What waits in the link, and as much again for the buffers of the two systems below it.
      assertThat(link.stats().pushes().bytes()).isLessThanOrEqualTo(2L * QUEUE_BYTES);
    }
    receiver.release();
    eventually()
        .untilAsserted(
            () ->
                assertThat(receiver.pushes().size() + receiver.drops().size())
                    .isEqualTo(sent.size()));
    assertThat(sent).containsAll(receiver.pushes());
    if (isHeldBackByItsReceiver()) {
      assertThat(receiver.drops()).as("what was accepted is not lost").isEmpty();
    } else {
      assertThat(receiver.drops()).allMatch(drop -> drop.reason() == DropReason.NO_ROOM);
    }
    int before = receiver.pushes().size();
    assertThat(link.push(Pushes.of(2, 1, payload), ACTIVE)).isTrue();
    arrived(before + 1);
  }

  @Test
  void stalledReceiver_shedsWhatIsForAStandbyFirst() {
    awaitLane();
    assumeTrue(isHeldBackByItsReceiver(), "a receiver by UCX holds nobody back");
    receiver.stall();
    Payload payload = Payloads.ofBytes(1, 1 << 20);
    List<Push> sent = new ArrayList<>();
    int step = 0;
    // Standby pushes alone: most of the lane stays free.
    while (link.stats().pushes().standbyShed() < 3 && step < 200) {
      Push push = Pushes.of(1, step++, payload);
      if (link.push(push, STANDBY)) {
        sent.add(push);
      }
    }
    assertThat(link.stats().pushes().standbyShed()).isEqualTo(3);
    assertThat(link.stats().pushes().standbySent()).isEqualTo(sent.size());
    // A quarter, and what the two systems below it buffer.
    assertThat(link.stats().pushes().bytes()).isLessThanOrEqualTo(QUEUE_BYTES / 4 + QUEUE_BYTES);

    // The active ones go on until it is full.
    int active = 0;
    while (link.stats().pushes().shed() == 0 && step < 400) {
      Push push = Pushes.of(2, step++, payload);
      if (link.push(push, ACTIVE)) {
        sent.add(push);
        active++;
      }
    }
    assertThat(link.push(Pushes.of(1, step++, payload), STANDBY)).isFalse();
    assertThat(active * (long) (1 << 20)).isGreaterThanOrEqualTo(QUEUE_BYTES / 2);
    assertThat(link.stats().pushes().sent()).isEqualTo(active);

    receiver.release();
    assertThat(arrived(sent.size()))
        .as("what was accepted is not lost")
        .containsExactlyInAnyOrderElementsOf(sent);
    assertThat(link.push(Pushes.of(1, step, payload), STANDBY)).isTrue();
    arrived(sent.size() + 1);
  }

  @Test
  void payloadLargerThanAStandbysShare_isShedAndTheActiveOneArrives() {
    awaitLane();
    Payload payload = Payloads.ofBytes(1, QUEUE_BYTES / 4 + 1);
    assertThat(link.push(Pushes.of(1, 1, payload), STANDBY)).isFalse();
    assertThat(link.push(Pushes.of(1, 2, payload), ACTIVE)).isTrue();
    assertThat(arrived(1).getFirst().step().id().number()).isEqualTo(2);
  }

  @Test
  void payloadLargerThanTheQueue_isShedAndTheNextArrives() {
    awaitLane();
    assertThat(link.push(Pushes.of(1, 1, Payloads.ofBytes(1, QUEUE_BYTES + 1)), ACTIVE)).isFalse();
    assertThat(link.push(Pushes.of(1, 2, Payloads.ofBytes(1, 10)), ACTIVE)).isTrue();
    assertThat(arrived(1).getFirst().step().id().number()).isEqualTo(2);
  }

  @Test
  void restartedReceiver_getsLaterPushes() throws Exception {
    Push first = Pushes.of(1, 1, Payloads.ofBytes(1, 10));
    link.push(first, ACTIVE);
    arrived(1);

    rig.stop();
    eventually().untilAsserted(() -> assertThat(link.state()).isNotEqualTo(StreamState.READY));
    eventually().until(() -> !link.push(Pushes.of(1, 2, Payloads.ofBytes(2, 10)), ACTIVE));
    assertThat(link.lastFailure()).isPresent();
    long lost = link.stats().pushes().lost();

    RecordingReceiver restarted = new RecordingReceiver();
    rig.start(RECEIVER, restarted, chunks);
    awaitLane();
    Push last = Pushes.of(1, 3, Payloads.ofBytes(3, 10));
    assertThat(link.push(last, ACTIVE)).isTrue();
    eventually().untilAsserted(() -> assertThat(restarted.pushes()).contains(last));
    assertThat(link.stats().reconnects()).isEqualTo(1);
    assertThat(link.stats().pushes().lost()).isGreaterThanOrEqualTo(lost);
    assertThat(receiver.pushes()).as("nothing is sent twice").containsExactly(first);
  }

  @Test
  void closedLink_shedsAndStaysClosed() {
    awaitLane();
    link.close();
    link.close();
    assertThat(link.state()).isEqualTo(StreamState.CLOSED);
    assertThat(link.push(Pushes.of(1, 1, Payloads.ofBytes(1, 10)), ACTIVE)).isFalse();
    assertThat(receiver.pushes()).isEmpty();
  }

  @Test
  void closeWhileStalled_dropsWhatWaitsAndSaysSo() {
    awaitLane();
    assumeTrue(isHeldBackByItsReceiver(), "a receiver by UCX holds nobody back");
    receiver.stall();
    Payload payload = Payloads.ofBytes(1, 1 << 20);
    for (int i = 0; i < 200 && link.stats().pushes().shed() == 0; i++) {
      link.push(Pushes.of(1, i, payload), ACTIVE);
    }
    link.close();
    // The thread that was writing when we closed is the one that drops the rest.
    eventually().untilAsserted(() -> assertThat(link.stats().pushes().lost()).isPositive());
    assertThat(link.stats().pushes().lost()).isLessThanOrEqualTo(link.stats().pushes().sent());
  }

  @Test
  void closedLink_leavesOthersToTheSameReceiverAlone() {
    try (PeerLink second = rig.open(SENDER, QUEUE_BYTES, Links.NO_CHUNKS)) {
      eventually().untilAsserted(() -> assertThat(second.state()).isEqualTo(StreamState.READY));
      assertThat(second.push(Pushes.of(9, 1, Payloads.ofBytes(1, 10)), ACTIVE)).isTrue();
      arrived(1);
    }
    assertThat(link.push(Pushes.of(1, 1, Payloads.ofBytes(1, 10)), ACTIVE)).isTrue();
    arrived(2);
  }

  @Test
  void push_asLargeAsTheQueue_arrives() {
    awaitLane();
    Push push = Pushes.of(1, 1, Payloads.ofBytes(1, QUEUE_BYTES));
    assertThat(link.push(push, ACTIVE)).isTrue();
    assertSame(arrived(1).getFirst(), push);
  }

  // ---- chunks

  private static byte[] content(int bytes) {
    byte[] content = new byte[bytes];
    new Random(bytes).nextBytes(content);
    return content;
  }

  private void awaitTaken(long number, byte[] content) {
    eventually().until(() -> sender.heard(new PeerAnswer.Taken(number)));
    assertThat(chunks.taken.get(number)).isEqualTo(content);
    eventually().until(() -> sender.open() == 0);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 64 << 10, 300_001, 8 << 20})
  void chunk_ofAnySizeIsTaken(int bytes) {
    awaitLane();
    sender.put(1, content(bytes));
    awaitTaken(1, content(bytes));
    Class<? extends Body> body = isShared(bytes) ? Body.Shared.class : Body.ToGrant.class;
    assertThat(chunks.offers).extracting(Offer::body).hasOnlyElementsOfType(body);
    if (isShared(bytes)) {
      eventually().until(() -> sender.heard(new PeerAnswer.Released(List.of(1L))));
    }
    assertThat(sender.heard(new PeerAnswer.Granted(1))).isEqualTo(!isShared(bytes));
    assertThat(link.stats().chunks())
        .isEqualTo(new PeerStats.Chunks(1, 1, isShared(bytes) ? 0 : bytes));
  }

  @Test
  void chunk_inItsOffer_isTaken() {
    awaitLane();
    byte[] content = content(1000);
    assertThat(link.ready().orElseThrow().offer(Links.inline(1, content), null)).isTrue();
    awaitTaken(1, content);
  }

  @Test
  void closing_isTaken() {
    awaitLane();
    Closing closing = new Closing(7, new DataId("g", "d"), 3);
    assertThat(link.ready().orElseThrow().closing(closing)).isTrue();
    eventually().until(() -> sender.heard(new PeerAnswer.Taken(7)));
    assertThat(chunks.closings).containsExactly(closing);
  }

  @Test
  void chunks_andPushes_mix() {
    awaitLane();
    int each = 20;
    for (int i = 1; i <= each; i++) {
      sender.put(i, content(100_000 + i));
      assertThat(link.push(Pushes.of(1, i, Payloads.ofBytes(i, 100_000)), ACTIVE)).isTrue();
    }
    arrived(each);
    for (int i = 1; i <= each; i++) {
      awaitTaken(i, content(100_000 + i));
    }
    assertThat(receiver.drops()).isEmpty();
  }

  @Test
  void chunk_withdrawnWhileItWaits_isForgotten() {
    awaitLane();
    chunks.waitWith(true);
    sender.put(1, content(1000));
    eventually().until(() -> sender.heard(new PeerAnswer.Waiting(1, "busy")));
    sender.withdraw(1);
    eventually().until(() -> chunks.withdrawn.contains(1L));
    chunks.waitWith(false);
    sender.put(2, content(1000));
    awaitTaken(2, content(1000));
    assertThat(chunks.taken).containsOnlyKeys(2L);
  }

  @Test
  void chunk_whoseConnectionIsLost_isOfferedAgainByTheSameSender() throws Exception {
    awaitLane();
    chunks.waitWith(true);
    sender.put(1, content(300_001));
    eventually().until(() -> sender.heard(new PeerAnswer.Waiting(1, "busy")));
    rig.stop();
    eventually().until(() -> !sender.losses.isEmpty() && link.ready().isEmpty());
    eventually().until(() -> !chunks.losses.isEmpty());
    chunks.waitWith(false);
    rig.start(RECEIVER, receiver, chunks);
    awaitTaken(1, content(300_001));
    assertThat(chunks.offers).hasSize(2);
    assertThat(chunks.origins.getFirst()).isEqualTo(chunks.origins.getLast());
    assertThat(link.stats().reconnects()).isEqualTo(1);
  }
}
