package io.baton.transport.payload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.v1.PayloadHeader;
import io.baton.proto.v1.Sharing;
import io.baton.proto.v1.UcxTarget;
import io.baton.session.model.Payload;
import io.baton.transport.Budget;
import io.baton.transport.Payloads;
import io.baton.transport.lane.LaneKind;
import io.baton.transport.payload.PayloadTraffic.Way;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.ucx.UcxConfig;
import io.baton.transport.ucx.UcxHub;
import io.baton.transport.ucx.UcxUnavailableException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two parties that share no memory, with UCX, and a stream whose frames the test carries. */
class UcxPayloadsTest {

  private static final long POOL_BYTES = 1 << 20;
  private static final Optional<InetAddress> HERE = Optional.of(InetAddress.getLoopbackAddress());
  private static final DigestRule ANNOUNCED = new DigestRule.Announced();

  @TempDir private Path directory;
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final Budget budget = new Budget(4 << 20);
  private final Queue<Runnable> streams = new ConcurrentLinkedQueue<>();
  private final List<PinnedPool> pools = new ArrayList<>();
  private final List<UcxHub> hubs = new ArrayList<>();
  private final Queue<Runnable> arrivals = new ArrayDeque<>();
  private final Queue<Sharing> reports = new ConcurrentLinkedQueue<>();
  private boolean open;
  private PayloadMemory here;
  private PayloadMemory there;
  private PayloadLink sender;
  private PayloadLink receiver;
  private PayloadAssembler assembler;

  @BeforeEach
  void open() throws Exception {
    assumeUcx();
    open = true;
    here = party("here");
    there = party("there");
    sender = here.sending(PoolUse.PUSH, "the receiver", POOL_BYTES);
    receiver = there.receiving(reports::add);
    assembler = receiver.assembler(4 << 20, budget, () -> arrivals.add(() -> {}));
  }

  private static void assumeUcx() {
    try {
      UcxHub.start(UcxConfig.withDefaults("probe")).close();
    } catch (UcxUnavailableException e) {
      assumeTrue(false, e.getMessage());
    }
  }

  @AfterEach
  void close_leavesNothing() throws Exception {
    if (!open) {
      timer.shutdownNow();
      return;
    }
    sender.close();
    receiver.close();
    eventually()
        .untilAsserted(
            () ->
                assertThat(pools)
                    .allSatisfy(pool -> assertThat(pool.usage().total().slots()).isZero()));
    assertThat(budget.used()).isZero();
    here.close();
    there.close();
    hubs.forEach(UcxHub::close);
    pools.forEach(PinnedPool::close);
    timer.shutdownNow();
    try (var files = Files.list(directory)) {
      assertThat(files).isEmpty();
    }
  }

  private PayloadMemory party(String name) throws Exception {
    PinnedPool pool = PinnedPool.create(PoolConfig.of(name, POOL_BYTES).withDirectory(directory));
    pools.add(pool);
    UcxHub hub = UcxHub.start(UcxConfig.withDefaults(name).overTransports("tcp", "self"), pool);
    hubs.add(hub);
    return PayloadMemory.of(
        pool, timer, new PayloadMemory.Ways(false, Optional.of(hub), streams::add));
  }

  private static ConditionFactory eventually() {
    return await().atMost(Duration.ofSeconds(20)).pollInterval(Duration.ofMillis(2));
  }

  private void greet() throws Exception {
    receiver.take(sender.news().orElseThrow());
    sender.take(receiver.news().orElseThrow(), HERE);
    eventually().until(() -> sender.lane() == LaneKind.UCX);
  }

  /** Waits until the stream is told that something has arrived. */
  private Assembly resumed() {
    eventually().until(() -> !streams.isEmpty());
    streams.remove().run();
    assertThat(arrivals).hasSize(1);
    arrivals.remove();
    return assembler.resume();
  }

  private Assembly receive(PayloadFrames frames) {
    Assembly result = assembler.begin(frames.header(), ANNOUNCED);
    return result instanceof Assembly.Incomplete && assembler.awaits() ? resumed() : result;
  }

  private static void assertSame(Assembly result, Payload payload) {
    assertThat(result).isInstanceOf(Assembly.Complete.class);
    Payload arrived = ((Assembly.Complete) result).payload();
    assertThat(arrived).isEqualTo(payload);
    assertThat(arrived.activations()).isEqualTo(payload.activations());
    assertThat(arrived.sideInputs()).isEqualTo(payload.sideInputs());
  }

  private void assertAllConsumed() throws Exception {
    receiver.report();
    for (Sharing report = reports.poll(); report != null; report = reports.poll()) {
      sender.take(report);
    }
    eventually().until(() -> pools.getFirst().usage().total().slots() == 0);
  }

  private static void assertMalformed(PayloadLink link, Sharing said, String message) {
    assertThatExceptionOfType(MalformedFrameException.class)
        .isThrownBy(() -> link.take(said))
        .withMessage(message);
  }

  @Test
  void news_firstFrames_sayThatUcxIsThereAndWhereTo() throws Exception {
    Sharing first = sender.news().orElseThrow();
    assertThat(first).isEqualTo(Sharing.newBuilder().setSendsUcx(true).build());
    receiver.take(first);
    Sharing answer = receiver.news().orElseThrow();
    assertThat(answer.getMapped()).isFalse();
    assertThat(answer.getSendsUcx()).isFalse();
    assertThat(answer.getTarget().getKey()).isNotZero();
    assertThat(receiver.news()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 64, 8192, 65537, 500_000})
  void payload_ofAnySize_goesByUcxAndComesBack(int bytes) throws Exception {
    greet();
    for (Payload payload :
        List.of(Payloads.ofBytes(bytes, bytes), Payloads.withSideInputs(bytes, bytes))) {
      PayloadFrames frames = sender.frame(payload);
      assertThat(frames.header().getUcx()).isTrue();
      assertThat(frames.chunks()).isEmpty();
      sender.sent(frames);
      assertSame(receive(frames), payload);
      assertAllConsumed();
    }
    assertThat(here.sent().ucx().payloads()).isEqualTo(2);
    assertThat(here.sent().framed()).isEqualTo(Way.NONE);
    assertThat(there.received()).isEqualTo(here.sent());
  }

  @Test
  void frame_beforeItsBody_waitsForIt() throws Exception {
    greet();
    PayloadFrames frames = sender.frame(Payloads.ofBytes(1, 1000));
    assertThat(assembler.begin(frames.header(), ANNOUNCED)).isEqualTo(new Assembly.Incomplete());
    assertThat(assembler.awaits()).isTrue();
    assertThat(assembler.busy()).isTrue();
    assertThat(streams).isEmpty();
    sender.sent(frames);
    assertSame(resumed(), Payloads.ofBytes(1, 1000));
    assertThat(assembler.busy()).isFalse();
  }

  @Test
  void bodies_beforeTheirFrames_wait() throws Exception {
    greet();
    List<PayloadFrames> frames = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      frames.add(sender.frame(Payloads.ofBytes(i, 20_000)));
      sender.sent(frames.getLast());
    }
    eventually().until(() -> pools.getLast().usage().total().slots() == 5);
    for (int i : new int[] {4, 0, 3, 1, 2}) {
      assertSame(receive(frames.get(i)), Payloads.ofBytes(i, 20_000));
    }
    assertThat(pools.getLast().usage().total().slots()).isZero();
    assertAllConsumed();
  }

  @Test
  void payload_notSent_givesItsSlotBack() throws Exception {
    greet();
    sender.retract(sender.frame(Payloads.ofBytes(1, 1000)));
    assertThat(pools.getFirst().usage().total().slots()).isZero();
    assertThat(here.sent()).isEqualTo(PayloadTraffic.NONE);
  }

  @Test
  void fullPoolOfTheReceiver_takesThePayloadAllTheSame() throws Exception {
    greet();
    var taken = pools.getLast().allocate(900_000, PoolUse.UNCLAIMED, "somebody else").orElseThrow();
    PayloadFrames frames = sender.frame(Payloads.ofBytes(1, 500_000));
    sender.sent(frames);
    assertSame(receive(frames), Payloads.ofBytes(1, 500_000));
    taken.release();
  }

  @Test
  void fullPoolOfTheSender_sendsInMessages() throws Exception {
    greet();
    var taken =
        pools.getFirst().allocate(900_000, PoolUse.UNCLAIMED, "somebody else").orElseThrow();
    assertThat(sender.frame(Payloads.ofBytes(1, 500_000)).header().getUcx()).isFalse();
    taken.release();
  }

  @Test
  void noRoomForTheCopy_isSaidAndTheSlotGivenBack() throws Exception {
    greet();
    assertThat(budget.tryTake(budget.capacity() - 9)).isTrue();
    PayloadFrames frames = sender.frame(Payloads.ofBytes(1, 10));
    sender.sent(frames);
    assertThat(receive(frames)).isEqualTo(new Assembly.NoRoom(10));
    budget.giveBack(budget.capacity() - 9);
    assertAllConsumed();
  }

  @Test
  void body_thatNeverComes_isLostAndTheStreamGoesOn() throws Exception {
    greet();
    PayloadFrames lost = sender.frame(Payloads.ofBytes(1, 1000));
    assertThat(receive(lost)).isEqualTo(new Assembly.Lost());
    assertAllConsumed();
    // What comes too late finds nobody.
    PayloadFrames good = sender.frame(Payloads.ofBytes(2, 1000));
    sender.sent(good);
    assertSame(receive(good), Payloads.ofBytes(2, 1000));
  }

  @Test
  void otherBytes_areAMismatch() throws Exception {
    greet();
    PayloadFrames one = sender.frame(Payloads.ofBytes(1, 10));
    PayloadFrames other = sender.frame(Payloads.ofBytes(2, 10));
    sender.sent(other);
    PayloadHeader mixed = one.header().toBuilder().setDataId(other.header().getDataId()).build();
    assertThat(receive(new PayloadFrames(mixed, List.of())))
        .isInstanceOf(Assembly.DigestMismatch.class);
  }

  @Test
  void otherSize_isMalformed() throws Exception {
    greet();
    PayloadFrames one = sender.frame(Payloads.ofBytes(1, 10));
    PayloadFrames other = sender.frame(Payloads.ofBytes(2, 11));
    sender.sent(other);
    PayloadHeader mixed = one.header().toBuilder().setDataId(other.header().getDataId()).build();
    assertThat(receive(new PayloadFrames(mixed, List.of())))
        .isInstanceOfSatisfying(
            Assembly.Malformed.class,
            malformed ->
                assertThat(malformed.error())
                    .hasMessage("ucx: 11 bytes came where 10 were announced"));
  }

  @Test
  void receiver_thatIsLost_isSentMessages() throws Exception {
    receiver.take(sender.news().orElseThrow());
    UcxTarget target = receiver.news().orElseThrow().getTarget();
    sender.take(Sharing.newBuilder().setTarget(target).build(), HERE);
    eventually().until(() -> sender.lane() == LaneKind.UCX);
    PayloadFrames first = sender.frame(Payloads.ofBytes(1, 1000));
    sender.sent(first);
    assertSame(receive(first), Payloads.ofBytes(1, 1000));
    hubs.getLast().close();
    eventually()
        .until(
            () -> {
              PayloadFrames next = sender.frame(Payloads.ofBytes(2, 1000));
              sender.sent(next);
              return !next.header().getUcx();
            });
    assertThat(sender.lane()).isEqualTo(LaneKind.GRPC);
    // And for a while so is a new stream.
    PayloadLink another = here.sending(PoolUse.PUSH, "the receiver", POOL_BYTES);
    assertThat(another.news()).isPresent();
    another.take(Sharing.newBuilder().setTarget(target).build(), HERE);
    assertThat(another.lane()).isEqualTo(LaneKind.GRPC);
    assertThat(another.trouble().orElseThrow()).startsWith("UCX to 127.0.0.1: ");
    another.close();
  }

  @Test
  void target_notAskedForOrSaidTwice_isMalformed() throws Exception {
    receiver.take(sender.news().orElseThrow());
    Sharing target =
        Sharing.newBuilder().setTarget(receiver.news().orElseThrow().getTarget()).build();
    PayloadLink silent = here.receiving(_ -> {});
    assertMalformed(silent, target, "sharing.target: was not asked for");
    sender.take(target, HERE);
    assertMalformed(sender, target, "sharing.target: said twice");
    assertMalformed(
        receiver, Sharing.newBuilder().setSendsUcx(true).build(), "sharing.sends_ucx: comes twice");
    silent.close();
  }

  @Test
  void target_thatIsNoAddress_leavesPayloadsInMessages() throws Exception {
    sender.news();
    sender.take(
        Sharing.newBuilder()
            .setTarget(receiverTarget().toBuilder().setAddress(ByteString.copyFromUtf8("nonsense")))
            .build(),
        HERE);
    assertThat(sender.lane()).isEqualTo(LaneKind.GRPC);
    assertThat(sender.trouble().orElseThrow()).contains("its address for UCX cannot be used");
  }

  @Test
  void target_ofAnotherHostThanWasAsked_leavesPayloadsInMessages() throws Exception {
    sender.news();
    sender.take(
        Sharing.newBuilder().setTarget(receiverTarget()).build(),
        Optional.of(InetAddress.getByName("192.0.2.77")));
    assertThat(sender.lane()).isEqualTo(LaneKind.GRPC);
    assertThat(sender.trouble().orElseThrow())
        .contains("it was reached at 192.0.2.77 and listens at [loopback]");
  }

  /** Sessions of clients and processes: whoever opens a stream is asked for no address. */
  @Test
  void target_ofWhoeverOpenedTheStream_isMalformed() throws Exception {
    PayloadLink session = here.link(PoolUse.COMMAND, "a client", POOL_BYTES, _ -> {});
    session.news();
    session.take(Sharing.newBuilder().setSendsUcx(true).build());
    assertMalformed(
        session,
        Sharing.newBuilder().setTarget(receiverTarget()).build(),
        "sharing.target: was not asked for");
    session.close();
  }

  @Test
  void bodies_thatNeverCome_holdUpTheStreamOnce() throws Exception {
    greet();
    List<PayloadFrames> lost = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      lost.add(sender.frame(Payloads.ofBytes(i, 1000)));
    }
    long before = System.nanoTime();
    for (PayloadFrames each : lost) {
      assertThat(receive(each)).isEqualTo(new Assembly.Lost());
    }
    // Not ten times the patience of five seconds.
    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(25));
    assertAllConsumed();
  }

  @Test
  void peer_withoutUcx_isSaidToHaveNone() throws Exception {
    sender.news();
    assertThat(sender.trouble()).isEmpty();
    sender.take(Sharing.getDefaultInstance(), HERE);
    assertThat(sender.trouble().orElseThrow()).contains("has no UCX");
  }

  private UcxTarget receiverTarget() throws Exception {
    receiver.take(Sharing.newBuilder().setSendsUcx(true).build());
    return receiver.news().orElseThrow().getTarget();
  }

  @Test
  void header_onAStreamWithoutTarget_isMalformed() throws Exception {
    greet();
    PayloadFrames frames = sender.frame(Payloads.ofBytes(1, 10));
    PayloadLink other = there.link(PoolUse.COMMAND, "an executor", 10, _ -> {});
    other.take(Sharing.newBuilder().setSendsUcx(true).build());
    assertThat(other.news()).isEmpty();
    assertThat(other.assembler(100, budget).begin(frames.header(), ANNOUNCED))
        .isInstanceOfSatisfying(
            Assembly.Malformed.class,
            malformed ->
                assertThat(malformed.error()).hasMessage("ucx: the sender was not told where to"));
    other.close();
  }

  @Test
  void close_whileABodyIsAwaited_endsQuietly() throws Exception {
    greet();
    PayloadFrames frames = sender.frame(Payloads.ofBytes(1, 100_000));
    assertThat(assembler.begin(frames.header(), ANNOUNCED)).isEqualTo(new Assembly.Incomplete());
    assembler.close();
    receiver.close();
    sender.sent(frames);
    assertThat(assembler.resume()).isEqualTo(new Assembly.Incomplete());
  }
}
