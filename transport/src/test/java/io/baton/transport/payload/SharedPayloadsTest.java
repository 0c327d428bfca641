package io.baton.transport.payload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.v1.PayloadHeader;
import io.baton.proto.v1.Sharing;
import io.baton.proto.v1.SlotHandle;
import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.StageRole;
import io.baton.transport.Budget;
import io.baton.transport.LaneKind;
import io.baton.transport.Payloads;
import io.baton.transport.Share;
import io.baton.transport.payload.PayloadTraffic.Way;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolUse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two parties of one host with a stream between them, whose frames the test carries. */
class SharedPayloadsTest {

  private static final long POOL_BYTES = 1 << 20;
  private static final DigestRule ANNOUNCED = new DigestRule.Announced();

  /** Time passes when the test says so. */
  private static final class Timer extends ScheduledThreadPoolExecutor {

    private final Queue<Runnable> tasks = new ArrayDeque<>();

    Timer() {
      super(1);
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
      tasks.add(task);
      return super.schedule(() -> {}, 0, unit);
    }

    void pass() {
      for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
        task.run();
      }
    }
  }

  @TempDir private Path directory;
  private final Timer timer = new Timer();
  private final Budget budget = new Budget(4 << 20);
  private final Queue<Sharing> reports = new ArrayDeque<>();
  private PinnedPool pool;
  private PayloadMemory here;
  private PayloadMemory there;
  private PayloadLink sender;
  private PayloadLink receiver;
  private PayloadAssembler assembler;

  @BeforeEach
  void open() throws Exception {
    pool = PinnedPool.create(PoolConfig.of("here", POOL_BYTES).withDirectory(directory));
    here = PayloadMemory.of(pool, timer, true);
    there =
        PayloadMemory.making(PoolConfig.of("there", POOL_BYTES).withDirectory(directory), timer);
    sender = here.link(PoolUse.COMMAND, "the receiver", POOL_BYTES, _ -> {});
    receiver = there.link(PoolUse.COMMAND, "the sender", POOL_BYTES, reports::add);
    assembler = receiver.assembler(4 << 20, budget);
  }

  @AfterEach
  void close_leavesNothing() throws Exception {
    sender.close();
    receiver.close();
    assertThat(pool.usage().total().slots()).isZero();
    assertThat(budget.used()).isZero();
    here.close();
    there.close();
    pool.close();
    timer.shutdownNow();
    try (var files = Files.list(directory)) {
      assertThat(files).isEmpty();
    }
  }

  /** The first frame of each, and the answer. */
  private void greet() throws Exception {
    receiver.take(sender.news().orElseThrow());
    sender.take(receiver.news().orElseThrow());
    receiver.take(sender.news().orElseThrow());
    assertThat(sender.lane()).isEqualTo(LaneKind.LOCAL);
  }

  private Assembly receive(PayloadFrames frames) {
    Assembly result = assembler.begin(frames.header(), ANNOUNCED);
    for (var chunk : frames.chunks()) {
      result = assembler.add(chunk);
    }
    return result;
  }

  private static void assertSame(Assembly result, Payload payload) {
    assertThat(result).isInstanceOf(Assembly.Complete.class);
    Payload arrived = ((Assembly.Complete) result).payload();
    assertThat(arrived).isEqualTo(payload);
    assertThat(arrived.activations()).isEqualTo(payload.activations());
    assertThat(arrived.sideInputs()).isEqualTo(payload.sideInputs());
  }

  private static void assertMalformed(Assembly result, String message) {
    assertThat(result)
        .asInstanceOf(InstanceOfAssertFactories.type(Assembly.Malformed.class))
        .extracting(malformed -> malformed.error().getMessage())
        .isEqualTo(message);
  }

  private static void assertMalformed(PayloadLink link, Sharing said, String message) {
    assertThatExceptionOfType(MalformedFrameException.class)
        .isThrownBy(() -> link.take(said))
        .withMessage(message);
  }

  private static PayloadHeader spoiled(PayloadFrames frames, Consumer<SlotHandle.Builder> change) {
    PayloadHeader.Builder header = frames.header().toBuilder();
    change.accept(header.getSharedBuilder());
    return header.build();
  }

  @Test
  void news_firstFrames_sayWhereThePoolsAreAndThatTheyAreMapped() throws Exception {
    Sharing first = sender.news().orElseThrow();
    assertThat(first.getPool().getPath()).isEqualTo(pool.path().toString());
    assertThat(first.getPool().getId()).isEqualTo(pool.id());
    assertThat(first.getMapped()).isFalse();
    assertThat(sender.news()).isEmpty();

    receiver.take(first);
    Sharing answer = receiver.news().orElseThrow();
    assertThat(answer.getMapped()).isTrue();
    assertThat(answer.hasPool()).isTrue();

    sender.take(answer);
    assertThat(sender.news().orElseThrow()).isEqualTo(Sharing.newBuilder().setMapped(true).build());
    assertThat(receiver.news()).isEmpty();
  }

  @Test
  void payload_beforeTheAnswer_goesInMessages() throws Exception {
    Payload payload = Payloads.ofBytes(1, 100);
    receiver.take(sender.news().orElseThrow());
    PayloadFrames frames = sender.frame(payload);
    assertThat(frames.header().hasShared()).isFalse();
    assertSame(receive(frames), payload);
    assertThat(here.sent()).isEqualTo(new PayloadTraffic(Way.NONE, Way.NONE, new Way(1, 100)));
    assertThat(there.received()).isEqualTo(here.sent());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 64, 4096, 65537, 500_000})
  void payload_ofAnySize_goesByHandleAndComesBack(int bytes) throws Exception {
    greet();
    for (Payload payload :
        List.of(Payloads.ofBytes(bytes, bytes), Payloads.withSideInputs(bytes, bytes))) {
      PayloadFrames frames = sender.frame(payload);
      assertThat(frames.header().hasShared()).isTrue();
      assertThat(frames.chunks()).isEmpty();
      assertThat(frames.header().getSerializedSize()).isLessThan(300);
      assertSame(receive(frames), payload);
      receiver.report();
      sender.take(reports.remove());
      assertThat(pool.usage().total().slots()).isZero();
    }
    assertThat(here.sent().shared().payloads()).isEqualTo(2);
    assertThat(here.sent().framed()).isEqualTo(Way.NONE);
    assertThat(there.received()).isEqualTo(here.sent());
  }

  @Test
  void payload_withoutDigest_getsTheReceivers() throws Exception {
    greet();
    PayloadFrames frames = sender.frameWithoutDigest(Payloads.ofBytes(3, 40));
    Assembly result =
        assembler.begin(frames.header(), new DigestRule.Own(Digest.Algorithm.XXH3_128));
    assertThat(((Assembly.Complete) result).payload().digest().algorithm())
        .isEqualTo(Digest.Algorithm.XXH3_128);
  }

  @Test
  void payload_withoutBytes_goesInItsHeader() throws Exception {
    greet();
    PayloadFrames frames = sender.frame(Payloads.empty());
    assertThat(frames.header().hasShared()).isFalse();
    assertSame(receive(frames), Payloads.empty());
    assertThat(here.sent()).isEqualTo(PayloadTraffic.NONE);
  }

  @Test
  void payloads_outOfOrderOrNotSent_giveTheirSlotsBack() throws Exception {
    greet();
    List<PayloadFrames> frames = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      frames.add(sender.frame(Payloads.ofBytes(i, 1000)));
    }
    sender.retract(frames.get(2));
    for (int i : new int[] {4, 0, 3, 1}) {
      assertSame(receive(frames.get(i)), Payloads.ofBytes(i, 1000));
    }
    receiver.report();
    sender.take(reports.remove());
    assertThat(pool.usage().total().slots()).isZero();
    assertThat(here.sent()).isEqualTo(new PayloadTraffic(new Way(4, 4000), Way.NONE, Way.NONE));
  }

  @Test
  void fullPool_sendsInMessagesUntilThereIsRoom() throws Exception {
    greet();
    Payload payload = Payloads.ofBytes(1, 300_000);
    List<PayloadFrames> sent = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      sent.add(sender.frame(payload));
    }
    assertThat(sent).filteredOn(frames -> frames.header().hasShared()).hasSizeBetween(1, 3);
    assertThat(sent.getLast().header().hasShared()).isFalse();
    sent.forEach(frames -> assertSame(receive(frames), payload));
    receiver.report();
    for (Sharing report : reports) {
      sender.take(report);
    }
    assertThat(sender.frame(payload).header().hasShared()).isTrue();
  }

  @Test
  void share_ofAStandby_leavesMostOfTheStreamsPartFree() throws Exception {
    PayloadLink narrow = here.link(PoolUse.PUSH, "a standby", 100_000, _ -> {});
    receiver.take(narrow.news().orElseThrow());
    narrow.take(Sharing.newBuilder().setMapped(true).build());
    Share standby = Share.of(StageRole.STANDBY);
    Payload payload = Payloads.ofBytes(1, 20_000);
    assertThat(narrow.frame(payload, standby).header().hasShared()).isTrue();
    assertThat(narrow.frame(payload, standby).header().hasShared()).isFalse();
    assertThat(narrow.frame(payload, Share.ALL).header().hasShared()).isTrue();
    narrow.close();
  }

  @Test
  void consumed_smallOnes_areReportedTogether() throws Exception {
    greet();
    timer.pass();
    for (int i = 1; i <= 15; i++) {
      receive(sender.frame(Payloads.ofBytes(i, 10)));
      assertThat(reports).isEmpty();
    }
    receive(sender.frame(Payloads.ofBytes(16, 10)));
    assertThat(reports).hasSize(1);
    assertThat(reports.element().getConsumedCount()).isEqualTo(16);
    sender.take(reports.remove());
    assertThat(pool.usage().total().slots()).isZero();
    timer.pass();
    assertThat(reports).isEmpty();
  }

  @Test
  void consumed_fewSmallOnes_areReportedSoon() throws Exception {
    greet();
    receive(sender.frame(Payloads.ofBytes(1, 10)));
    receive(sender.frame(Payloads.ofBytes(2, 10)));
    timer.pass();
    assertThat(reports).hasSize(1);
    sender.take(reports.remove());
    assertThat(pool.usage().total().slots()).isZero();
    receive(sender.frame(Payloads.ofBytes(3, 10)));
    timer.pass();
    assertThat(reports).hasSize(1);
  }

  @Test
  void consumed_aLargeOne_isReportedAtOnce() throws Exception {
    greet();
    receive(sender.frame(Payloads.ofBytes(1, 300_000)));
    assertThat(reports.remove().getConsumedCount()).isEqualTo(1);
  }

  @Test
  void consumed_thatCouldNotBeTold_isToldWithTheNextFrame() throws Exception {
    greet();
    receive(sender.frame(Payloads.ofBytes(1, 10)));
    Sharing lost = receiver.news().orElseThrow();
    receiver.untold(lost);
    List<Sharing> frames =
        receiver.telling(
            List.of(Sharing.getDefaultInstance(), Sharing.getDefaultInstance()),
            (frame, news) -> frame.toBuilder().mergeFrom(news).build());
    assertThat(frames).containsExactly(lost, Sharing.getDefaultInstance());
  }

  @Test
  void consumed_whatWasNotSent_isMalformed() throws Exception {
    Sharing seven = Sharing.newBuilder().addConsumed(7).build();
    assertMalformed(sender, seven, "sharing.consumed: 7 is not waited for");
    greet();
    assertMalformed(sender, seven, "sharing.consumed: 7 is not waited for");
    PayloadFrames frames = sender.frame(Payloads.ofBytes(1, 10));
    Sharing twice =
        Sharing.newBuilder()
            .addConsumed(frames.header().getDataId())
            .addConsumed(frames.header().getDataId())
            .build();
    assertMalformed(
        sender,
        twice,
        "sharing.consumed: %d is not waited for".formatted(frames.header().getDataId()));
  }

  @Test
  void mapped_withoutAnOfferOrTwice_isMalformed() throws Exception {
    Sharing mapped = Sharing.newBuilder().setMapped(true).build();
    assertMalformed(sender, mapped, "sharing.mapped: no pool was offered");
    greet();
    assertMalformed(sender, mapped, "sharing.mapped: said twice");
    PayloadLink deaf = PayloadMemory.none().link(PoolUse.COMMAND, "nobody", 1, _ -> {});
    assertThat(deaf.news()).isEmpty();
    assertMalformed(deaf, mapped, "sharing.mapped: no pool was offered");
    deaf.close();
  }

  @Test
  void pool_saidTwiceOrBadly_isMalformed() throws Exception {
    Sharing said = sender.news().orElseThrow();
    receiver.take(said);
    assertMalformed(receiver, said, "sharing.pool: comes twice");
    PayloadLink other = there.link(PoolUse.COMMAND, "another", POOL_BYTES, _ -> {});
    assertMalformed(
        other,
        Sharing.newBuilder().setPool(said.getPool().toBuilder().setPath("relative")).build(),
        "sharing.pool.path: \"relative\" is no absolute path");
    other.close();
  }

  @Test
  void pool_thatCannotBeMapped_leavesPayloadsInMessages() throws Exception {
    Path missing = directory.resolve("missing");
    receiver.take(
        Sharing.newBuilder()
            .setPool(ExchangeCodec.toWire(new PoolAddress(missing.toString(), 1)))
            .build());
    assertThat(receiver.news().orElseThrow().getMapped()).isFalse();
    assertMalformed(receive(handle(1, 128, 5)), "shared: no pool of the sender is mapped here");
  }

  @Test
  void noPool_neitherOffersNorMaps() throws Exception {
    PayloadLink none = PayloadMemory.none().link(PoolUse.COMMAND, "nobody", 1, _ -> {});
    assertThat(none.news()).isEmpty();
    none.take(sender.news().orElseThrow());
    assertThat(none.news()).isEmpty();
    assertThat(none.frame(Payloads.ofBytes(1, 10)).header().getInline().size()).isEqualTo(10);
  }

  @Test
  void ownPool_thatCannotBeMade_leavesPayloadsInMessages() throws Exception {
    try (PayloadMemory poor =
        PayloadMemory.making(
            PoolConfig.of("poor", POOL_BYTES).withDirectory(directory.resolve("none")), timer)) {
      PayloadLink link = poor.link(PoolUse.COMMAND, "nobody", 1, _ -> {});
      assertThat(link.news()).isEmpty();
      link.take(sender.news().orElseThrow());
      // It can read other pools all the same.
      assertThat(link.news().orElseThrow().getMapped()).isTrue();
    }
  }

  private PayloadFrames handle(long poolId, long offset, long generation) {
    PayloadFrames frames =
        PayloadMemory.none().link(PoolUse.COMMAND, "x", 1, _ -> {}).frame(Payloads.ofBytes(1, 10));
    return new PayloadFrames(
        frames.header().toBuilder()
            .clearInline()
            .setShared(ExchangeCodec.slotToWire(poolId, offset, generation))
            .build(),
        List.of());
  }

  @Test
  void handle_thatCannotBe_isMalformed() throws Exception {
    greet();
    PayloadFrames good = sender.frame(Payloads.ofBytes(1, 10));
    assertMalformed(
        assembler.begin(spoiled(good, handle -> handle.setPool(4711)), ANNOUNCED),
        "shared.pool: 0000000000001267; the sender's is %016x".formatted(pool.id()));
    assertMalformed(
        assembler.begin(spoiled(good, handle -> handle.setGeneration(0)), ANNOUNCED),
        "shared.generation: missing");
    assertMalformed(
        assembler.begin(spoiled(good, handle -> handle.setOffset(-64)), ANNOUNCED),
        "shared.offset: 18446744073709551552 is beyond 9223372036854775807");
    assertSame(receive(good), Payloads.ofBytes(1, 10));
  }

  @Test
  void handle_ofNoSlot_isStale() throws Exception {
    greet();
    PayloadFrames good = sender.frame(Payloads.ofBytes(1, 10));
    for (long offset : new long[] {0, 64, 127, POOL_BYTES - 5, POOL_BYTES, Long.MAX_VALUE}) {
      assertThat(assembler.begin(spoiled(good, handle -> handle.setOffset(offset)), ANNOUNCED))
          .as("offset %d", offset)
          .isInstanceOf(Assembly.Stale.class);
    }
    assertThat(
            assembler.begin(
                spoiled(good, handle -> handle.setGeneration(handle.getGeneration() + 1)),
                ANNOUNCED))
        .isInstanceOf(Assembly.Stale.class);
    PayloadHeader larger =
        sender.frame(Payloads.ofBytes(1, 500)).header().toBuilder()
            .setShared(good.header().getShared())
            .build();
    assertThat(assembler.begin(larger, ANNOUNCED)).isInstanceOf(Assembly.Stale.class);
    assertThat(receiver.news()).as("none of these is consumed").isEmpty();
    assertSame(receive(good), Payloads.ofBytes(1, 10));
  }

  @Test
  void handle_whoseStreamHasEnded_isStale() throws Exception {
    greet();
    PayloadFrames frames = sender.frame(Payloads.ofBytes(1, 10));
    sender.close();
    assertThat(pool.usage().total().slots()).isZero();
    assertThat(receive(frames))
        .asInstanceOf(InstanceOfAssertFactories.type(Assembly.Stale.class))
        .satisfies(stale -> assertThat(stale.malformed().getMessage()).contains("freed"));
    assertThat(sender.frame(Payloads.ofBytes(1, 10)).header().hasShared()).isFalse();
  }

  @Test
  void otherBytesInTheSlot_areAMismatch() throws Exception {
    greet();
    PayloadFrames one = sender.frame(Payloads.ofBytes(1, 10));
    PayloadFrames other = sender.frame(Payloads.ofBytes(2, 10));
    PayloadHeader mixed = one.header().toBuilder().setShared(other.header().getShared()).build();
    assertThat(assembler.begin(mixed, ANNOUNCED)).isInstanceOf(Assembly.DigestMismatch.class);
  }

  @Test
  void noRoomToCopy_isSaidAndTheSlotGivenBack() throws Exception {
    greet();
    assertThat(budget.tryTake(budget.capacity() - 9)).isTrue();
    assertThat(receive(sender.frame(Payloads.ofBytes(1, 10)))).isEqualTo(new Assembly.NoRoom(10));
    budget.giveBack(budget.capacity() - 9);
    sender.take(receiver.news().orElseThrow());
    assertThat(pool.usage().total().slots()).isZero();
  }

  @Test
  void close_ofTheMemory_endsWhatIsLeft() throws Exception {
    greet();
    PayloadFrames frames = sender.frame(Payloads.ofBytes(1, 10));
    here.close();
    assertThat(pool.usage().total().slots()).isZero();
    there.close();
    assertMalformed(receive(frames), "shared: no pool of the sender is mapped here");
    assertThat(here.link(PoolUse.COMMAND, "late", 10, _ -> {}).news()).isEmpty();
  }

  @Test
  void pool_closedWhileStreamsAreOpen_leavesPayloadsInMessages() throws Exception {
    greet();
    pool.close();
    assertThat(sender.frame(Payloads.ofBytes(1, 10)).header().hasShared()).isFalse();
  }
}
