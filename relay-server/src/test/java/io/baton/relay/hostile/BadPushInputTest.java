package io.baton.relay.hostile;

import static io.baton.relay.hostile.SessionFrames.close;
import static io.baton.relay.hostile.SessionFrames.frame;
import static io.baton.relay.hostile.SessionFrames.number;
import static io.baton.relay.hostile.SessionFrames.open;
import static io.baton.relay.hostile.SessionFrames.payload;
import static io.baton.relay.hostile.SessionFrames.pushHello;
import static io.baton.relay.hostile.SessionFrames.pushed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Named.named;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.google.protobuf.ByteString;
import io.baton.proto.v1.DType;
import io.baton.proto.v1.DataAddress;
import io.baton.proto.v1.Digest;
import io.baton.proto.v1.Empty;
import io.baton.proto.v1.LaneKind;
import io.baton.proto.v1.Parcel;
import io.baton.proto.v1.PayloadHeader;
import io.baton.proto.v1.Peer;
import io.baton.proto.v1.PeerFrame;
import io.baton.proto.v1.PeerReply;
import io.baton.proto.v1.SharedPool;
import io.baton.proto.v1.SideInput;
import io.baton.proto.v1.SlotHandle;
import io.baton.proto.v1.StageFrame;
import io.baton.proto.v1.StageRole;
import io.baton.proto.v1.StepHead;
import io.baton.proto.v1.TensorSpec;
import io.baton.proto.v1.Withdraw;
import io.baton.transport.grpc.StallWatch;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.grpc.Status;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whoever calls a link may be anybody, and push anything. */
class BadPushInputTest extends HostileTest {

  /** Rows are of 1 KiB. */
  private static final EchoExecutor EXECUTOR = new EchoExecutor(128);

  private static final int ROW_BYTES = 1 << 10;

  /** Of a push whose bytes follow. */
  private static final int ROWS = 8;

  private static final int BYTES = ROWS * ROW_BYTES;

  private PinnedPool pool;
  private long sessions;
  private RawStream<StageFrame> session;
  private ByteString ticket = ByteString.EMPTY;
  private int steps;

  @BeforeAll
  void attach() throws Exception {
    rig.relay().attach(EXECUTOR);
    pool = PinnedPool.create(PoolConfig.of("stranger", 1 << 20).withDirectory(directory));
  }

  @AfterAll
  void closePool() {
    pool.close();
  }

  @BeforeEach
  void openSession() throws Exception {
    openSession(StageRole.STAGE_ROLE_ACTIVE);
  }

  private void openSession(StageRole role) throws Exception {
    session = rig.session().send(frame(open(++sessions, "client").setRole(role)));
    ticket = session.next(StageFrame::hasOpened).getOpened().getPushTicket();
    steps = 0;
  }

  @AfterEach
  void closeSession() throws Exception {
    assertThat(session.send(close()).ended()).matches(Status::isOk);
  }

  private long dropped(String reason) {
    return rig.status().getPushes().getDroppedOrDefault(reason, 0);
  }

  private RawStream<PeerReply> peer() throws Exception {
    RawStream<PeerReply> stream = rig.link().send(pushHello());
    stream.next(PeerReply::hasWelcome);
    return stream;
  }

  /** The peer's pool is mapped. */
  private RawStream<PeerReply> neighbour() throws Exception {
    DataAddress data =
        DataAddress.newBuilder()
            .setPool(SharedPool.newBuilder().setPath(pool.path().toString()).setId(pool.id()))
            .build();
    RawStream<PeerReply> stream =
        rig.link()
            .send(
                Frames.frame(
                    Frames.peerHello()
                        .setFrom(SessionFrames.PEER)
                        .clearLanes()
                        .addLanes(LaneKind.LANE_KIND_LOCAL)
                        .setData(data)));
    assertThat(stream.next(PeerReply::hasWelcome).getWelcome().getLane())
        .isEqualTo(LaneKind.LANE_KIND_LOCAL);
    return stream;
  }

  // ---- pushes that are as they should be, to be spoilt or not

  private static PayloadHeader.Builder rows(int rows) {
    return payload(EXECUTOR.row(), rows);
  }

  /** Of the session's next step, with its bytes. */
  private PeerFrame next() {
    steps++;
    return pushed(sessions, ticket, steps, steps - 1, 1, rows(1));
  }

  /** Of a step that is not the session's next, whose bytes follow. */
  private PeerFrame following(int step) {
    return pushed(sessions, ticket, step, 0, ROWS, rows(ROWS).setChunkCount(1));
  }

  private PeerFrame part(int step, long offset, int bytes) {
    return Frames.body(number(sessions, step), offset, Frames.zeros(bytes));
  }

  /** It is taken, and computed. */
  private void assertTakesPushes(RawStream<PeerReply> stream) throws Exception {
    stream.send(next());
    session.next(frame -> frame.getOutput().getStep() == steps);
  }

  private static PeerFrame changed(PeerFrame push, Consumer<Parcel.Builder> change) {
    PeerFrame.Builder changed = push.toBuilder();
    change.accept(changed.getParcelBuilder());
    return changed.build();
  }

  // ---- what ends the stream

  private static PeerFrame parcel(Consumer<Parcel.Builder> change) {
    return changed(pushed(99, ByteString.copyFrom(new byte[16]), 1, 0, 1, rows(1)), change);
  }

  private static PeerFrame step(Consumer<StepHead.Builder> change) {
    return parcel(parcel -> change.accept(parcel.getStepBuilder()));
  }

  private static PeerFrame activations(TensorSpec.Builder spec) {
    return step(step -> step.setActivations(spec));
  }

  private static TensorSpec.Builder spec(Long... shape) {
    return TensorSpec.newBuilder().setDtype(DType.DTYPE_I64).addAllShape(List.of(shape));
  }

  private static PeerFrame shared(long pool, long offset, long generation) {
    return parcel(
        parcel ->
            parcel.setShared(
                SlotHandle.newBuilder().setPool(pool).setOffset(offset).setGeneration(generation)));
  }

  private static SideInput side(String name) {
    return SideInput.newBuilder()
        .setName(name)
        .setSpec(TensorSpec.newBuilder().setDtype(DType.DTYPE_U8).addShape(1))
        .build();
  }

  static Stream<Arguments> malformedPushes() {
    return Stream.of(
        malformed("the number of a chunk", "number", parcel(parcel -> parcel.setNumber(5))),
        malformed("no body", "body", parcel(Parcel.Builder::clearBody)),
        malformed(
            "bytes to come that are none",
            "following",
            parcel(
                parcel ->
                    parcel
                        .setFollowing(Empty.getDefaultInstance())
                        .getStepBuilder()
                        .setActivations(spec(0L, 128L)))),
        malformed(
            "a body shorter than its tensors",
            "inline",
            parcel(parcel -> parcel.setInline(Frames.zeros(ROW_BYTES - 1)))),
        malformed(
            "a body longer than its tensors",
            "inline",
            parcel(parcel -> parcel.setInline(Frames.zeros(ROW_BYTES + 1)))),
        malformed(
            "a body too long to be in its frame",
            "inline",
            parcel(
                parcel ->
                    parcel
                        .setInline(Frames.zeros(129 * ROW_BYTES))
                        .getStepBuilder()
                        .setActivations(spec(129L, 128L)))),
        malformed(
            "more than 64 MiB",
            "at most 67108864",
            parcel(
                parcel ->
                    parcel
                        .setFollowing(Empty.getDefaultInstance())
                        .getStepBuilder()
                        .setActivations(spec((64L << 10) + 1, 128L)))),
        malformed("a handle on the lane grpc", "shared", shared(1, 128, 1)),
        malformed("a handle of no generation", "generation", shared(1, 128, 0)),
        malformed("a handle with a negative offset", "offset", shared(1, -128, 1)),
        malformed("no session", "session", step(StepHead.Builder::clearSession)),
        malformed("no ticket", "ticket", step(StepHead.Builder::clearTicket)),
        malformed(
            "a ticket of 1 MiB",
            "ticket",
            step(step -> step.setTicket(ByteString.copyFromUtf8(MEBIBYTE)))),
        malformed("a negative count", "count", step(step -> step.setCount(-1))),
        malformed("a negative position", "position", step(step -> step.setPosition(-1))),
        malformed("a negative epoch", "epoch", step(step -> step.setEpoch(-1))),
        malformed("a negative step", "step", step(step -> step.setStep(-1))),
        malformed("no activations", "activations", step(StepHead.Builder::clearActivations)),
        malformed("dtype 99", "dtype", activations(spec(1L).setDtypeValue(99))),
        malformed("a dimension of -1", "shape", activations(spec(-1L))),
        malformed(
            "dimensions whose product overflows",
            "shape",
            activations(spec(Collections.nCopies(8, 0x7fff_ffffL).toArray(Long[]::new)))),
        malformed("no digest", "digest", step(StepHead.Builder::clearDigest)),
        malformed(
            "a digest of 3 bytes",
            "digest",
            step(
                step ->
                    step.getDigestBuilder().setValue(ByteString.copyFrom(new byte[] {1, 2, 3})))),
        malformed(
            "a digest by nothing",
            "digest",
            step(step -> step.setDigest(Digest.newBuilder().setAlgorithmValue(99)))),
        malformed(
            "a side input without a name",
            "side_inputs[0].name",
            step(step -> step.addSideInputs(side("")))),
        malformed(
            "side inputs out of their order",
            "side_inputs[1].name",
            step(step -> step.addSideInputs(side("b")).addSideInputs(side("a")))),
        malformed(
            "a side input twice",
            "side_inputs[1].name",
            step(step -> step.addSideInputs(side("a")).addSideInputs(side("a")))),
        malformed(
            "a side input without a shape",
            "side_inputs[0].spec",
            step(step -> step.addSideInputs(SideInput.newBuilder().setName("a")))),
        malformed(
            "1025 next peers",
            "next_peers",
            step(
                step ->
                    step.addAllNextPeers(Collections.nCopies(1025, Peer.getDefaultInstance())))),
        malformed(
            "a next peer that is nobody",
            "next_peers[0]",
            step(step -> step.addNextPeers(Peer.getDefaultInstance()))));
  }

  /** With it goes what was on its way on the same stream. */
  @ParameterizedTest
  @MethodSource("malformedPushes")
  void push_thatIsMalformed_endsTheStreamAndFreesAllThatWasOnIt(
      List<byte[]> messages, Status.Code code, String says) throws Exception {
    long before = dropped("cut_off");
    try (RawStream<PeerReply> stream = peer()) {
      stream.send(Frames.frame(Frames.offer(7, GROUP, "granted", 1 << 20)));
      stream.next(reply -> reply.getGranted().getNumber() == 7);
      stream.send(following(1)).send(part(1, 0, 100));
      messages.forEach(stream::send);
      assertEnds(stream, code, says);
    }
    await().untilAsserted(() -> assertThat(dropped("cut_off")).isEqualTo(before + 1));
  }

  @Test
  void number_thatIsUsedTwice_endsTheStream() throws Exception {
    try (RawStream<PeerReply> stream = peer()) {
      stream.send(following(1)).send(following(1));
      assertEnds(stream, Status.Code.INVALID_ARGUMENT, "is used twice");
    }
  }

  static Stream<Arguments> parts() {
    return Stream.of(
        arguments(named("empty", new long[][] {{0, 0}})),
        arguments(named("too long", new long[][] {{0, BYTES + 1}})),
        arguments(named("too long by its second part", new long[][] {{0, 5000}, {5000, 5000}})),
        arguments(named("with a gap at its beginning", new long[][] {{1, BYTES - 1}})),
        arguments(named("with a gap", new long[][] {{0, 1000}, {1001, BYTES - 1001}})),
        arguments(named("that overlaps", new long[][] {{0, 1000}, {999, BYTES - 999}})),
        arguments(named("that begins again", new long[][] {{0, 1000}, {0, 1000}})),
        arguments(named("at a negative place", new long[][] {{-1, 1}})),
        arguments(named("at a place beyond all", new long[][] {{Long.MAX_VALUE, 1}})));
  }

  @ParameterizedTest
  @MethodSource("parts")
  void body_thatDoesNotFit_endsTheStream(long[][] parts) throws Exception {
    try (RawStream<PeerReply> stream = peer()) {
      stream.send(following(1));
      for (long[] part : parts) {
        stream.send(part(1, part[0], (int) part[1]));
      }
      assertEnds(stream, Status.Code.INVALID_ARGUMENT, "body.data");
    }
  }

  // ---- what means nothing, or is dropped, and the stream goes on

  @Test
  void words_aboutStepsThatAreNotAwaited_meanNothing() throws Exception {
    try (RawStream<PeerReply> stream = peer()) {
      stream.send(part(55, 0, 100)).send(part(55, 17, 0)).send(part(0, Long.MAX_VALUE, 5));
      assertTakesPushes(stream);
      // Of one that came whole, and of one that may not be pushed.
      stream.send(part(steps, 0, ROW_BYTES)).send(part(steps, 7, 1));
      PeerFrame forged =
          changed(following(40), parcel -> parcel.getStepBuilder().setTicket(Frames.zeros(16)));
      long before = dropped("bad_ticket");
      stream.send(forged).send(forged).send(part(40, 5, 5)).send(part(40, 0, BYTES + 1));
      await().untilAsserted(() -> assertThat(dropped("bad_ticket")).isEqualTo(before + 2));
      stream.send(
          PeerFrame.newBuilder()
              .setWithdraw(Withdraw.newBuilder().setNumber(number(sessions, 40)))
              .build());
      assertTakesPushes(stream);
    }
  }

  /** Also with those of a chunk, which is numbered apart. */
  @Test
  void bodies_whosePartsMix_areEachWhole() throws Exception {
    try (RawStream<PeerReply> stream = peer()) {
      stream.send(Frames.frame(Frames.offer(1, GROUP, "mixed", 1000)));
      stream.next(reply -> reply.getGranted().getNumber() == 1);
      PeerFrame second = pushed(sessions, ticket, 2, ROWS, ROWS, rows(ROWS).setChunkCount(1));
      stream.send(following(1)).send(second);
      stream.send(part(2, 0, 1000)).send(Frames.body(1, 0, Frames.zeros(500)));
      stream.send(part(1, 0, 5000)).send(part(2, 1000, BYTES - 1000));
      // It is not withdrawn: no push is.
      stream.send(
          PeerFrame.newBuilder()
              .setWithdraw(Withdraw.newBuilder().setNumber(number(sessions, 1)))
              .build());
      stream.send(Frames.body(1, 500, Frames.zeros(500))).send(part(1, 5000, BYTES - 5000));
      session.next(frame -> frame.getOutput().getStep() == 1);
      session.next(frame -> frame.getOutput().getStep() == 2);
      stream.next(reply -> reply.getTaken().getNumber() == 1);
      rig.drain(GROUP, "mixed");
    }
  }

  /** Of zeros. */
  private Slot slot(int bytes) {
    Slot slot = pool.allocate(bytes, PoolUse.PUSH, "test").orElseThrow();
    slot.memory().fill((byte) 0);
    return slot;
  }

  @Test
  void bytes_ofAnotherDigest_areDroppedHoweverTheyCome() throws Exception {
    long before = dropped("digest_mismatch");
    Slot slot = slot(BYTES);
    slot.memory().set(java.lang.foreign.ValueLayout.JAVA_BYTE, BYTES - 1L, (byte) 1);
    try (RawStream<PeerReply> stream = neighbour()) {
      stream.send(
          changed(
              pushed(sessions, ticket, 1, 0, 1, rows(1)),
              parcel -> parcel.setInline(ByteString.copyFromUtf8("x".repeat(ROW_BYTES)))));
      stream
          .send(following(2))
          .send(Frames.body(number(sessions, 2), 0, ByteString.copyFromUtf8("x".repeat(BYTES))));
      stream.send(of(slot.handle().offset(), slot.handle().generation(), 3));
      stream.next(reply -> reply.getReleased().getNumbersList().contains(number(sessions, 3)));
      await().untilAsserted(() -> assertThat(dropped("digest_mismatch")).isEqualTo(before + 3));
      assertTakesPushes(stream);
    } finally {
      slot.release();
    }
  }

  // ---- handles

  private PeerFrame of(long offset, long generation, int step) {
    return changed(
        following(step),
        parcel ->
            parcel.setShared(
                SlotHandle.newBuilder()
                    .setPool(pool.id())
                    .setOffset(offset)
                    .setGeneration(generation)));
  }

  @Test
  void handle_ofNoSlot_isDroppedAndReleasedAndTheStreamGoesOn() throws Exception {
    Slot slot = slot(BYTES);
    Slot small = slot(100);
    try (RawStream<PeerReply> stream = neighbour()) {
      long offset = slot.handle().offset();
      long generation = slot.handle().generation();
      long[][] none = {
        {offset, generation + 1},
        {offset + 64, generation},
        {offset + 1, generation},
        {0, generation},
        {64, generation},
        {1 << 20, generation},
        {(1 << 20) - 64, generation},
        {Long.MAX_VALUE, generation},
        {Long.MAX_VALUE - 63, generation},
        {small.handle().offset(), small.handle().generation()},
      };
      long before = dropped("stale");
      for (int i = 0; i < none.length; i++) {
        stream.send(of(none[i][0], none[i][1], 10 + i));
      }
      await().untilAsserted(() -> assertThat(dropped("stale")).isEqualTo(before + none.length));
      java.util.Set<Long> released = new java.util.HashSet<>();
      while (released.size() < none.length) {
        released.addAll(stream.next(PeerReply::hasReleased).getReleased().getNumbersList());
      }
      assertThat(released).contains(number(sessions, 10), number(sessions, 9 + none.length));
      stream.send(of(offset, generation, 1));
      session.next(frame -> frame.getOutput().getStep() == 1);
      stream.next(reply -> reply.getReleased().getNumbersList().contains(number(sessions, 1)));
    } finally {
      slot.release();
      small.release();
    }
  }

  /** It is released all the same, unread. */
  @Test
  void handle_thatNobodyWants_isReleased() throws Exception {
    try (RawStream<PeerReply> stream = neighbour()) {
      stream.send(
          changed(of(128, 1, 1), parcel -> parcel.getStepBuilder().setTicket(Frames.zeros(16))));
      stream.next(reply -> reply.getReleased().getNumbersList().contains(number(sessions, 1)));
    }
  }

  @Test
  void handle_ofAnotherPool_endsTheStream() throws Exception {
    try (RawStream<PeerReply> stream = neighbour()) {
      stream.send(
          changed(of(128, 1, 1), parcel -> parcel.getSharedBuilder().setPool(pool.id() + 1)));
      assertEnds(stream, Status.Code.INVALID_ARGUMENT, "no such pool of the sender is mapped");
    }
  }

  // ---- announcements of what does not come

  private static final Duration OVERDUE = StallWatch.PATIENCE.plusSeconds(6);

  /** Those of others, and their parts, do not make up for it. */
  @Test
  void pushes_whoseBytesDoNotCome_endTheirStreamInTime() throws Exception {
    long before = dropped("cut_off");
    int announced = 5000;
    try (RawStream<PeerReply> many = peer();
        RawStream<PeerReply> begun = peer();
        RawStream<PeerReply> busy = peer()) {
      long noRoom = dropped("no_room");
      for (int i = 1; i <= announced; i++) {
        many.send(following(i));
      }
      begun.send(following(1)).send(part(1, 0, 100));
      int rows = 4096;
      PeerFrame large =
          changed(
              following(1),
              parcel ->
                  parcel.getStepBuilder().setCount(rows).setActivations(spec((long) rows, 128L)));
      busy.send(large).send(following(2));
      int kept = 4096;
      await().until(() -> dropped("no_room") == noRoom + announced - kept);
      for (int sent = 0; !busy.isOver(); sent++) {
        busy.send(part(1, sent, 1));
        rig.status();
      }
      for (RawStream<PeerReply> stream : List.of(many, begun, busy)) {
        Status status = stream.endedWithin(OVERDUE);
        assertThat(status.getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        assertThat(status.getDescription()).contains("the rest of a push did not come");
      }
      assertThat(dropped("cut_off")).isGreaterThanOrEqualTo(before + kept + 3);
    }
  }

  /** What is said of them is memory, too. */
  @Test
  void pushes_withLongRoutesWhoseBytesDoNotCome_areDroppedWhenTheyTakeTooMuch() throws Exception {
    closeSession();
    openSession(StageRole.STAGE_ROLE_STANDBY);
    Peer peer =
        Peer.newBuilder()
            .setIdentity(SessionFrames.PEER)
            .setAddress("127.0.0.1:1")
            .setTicket(ByteString.copyFrom(new byte[512]))
            .build();
    List<Peer> route = Collections.nCopies(1000, peer);
    long before = dropped("no_room");
    try (RawStream<PeerReply> stream = peer()) {
      int announced = 200;
      for (int i = 1; i <= announced; i++) {
        stream.send(
            changed(following(i), parcel -> parcel.getStepBuilder().addAllNextPeers(route)));
        if (i % 20 == 0) {
          // Answered when what was sent before has been heard.
          long number = i;
          stream.send(Frames.frame(Frames.offer(number, GROUP, "id" + i, Long.MAX_VALUE)));
          stream.next(reply -> reply.getRefused().getNumber() == number);
        }
      }
      // Of a quarter of 256 MiB, at more than half a MiB each.
      assertThat(dropped("no_room") - before).isBetween(announced - 128L, announced - 64L);
      rig.assertServes();
    }
  }

  // ---- anything at all

  @Test
  void mutatedFrames_endNothingButTheirStreams() throws Exception {
    Mutations mutations = new Mutations(20_261_128);
    List<byte[]> samples =
        Stream.of(
                pushHello(),
                pushed(sessions, ticket, 1, 0, 1, rows(1)),
                following(2),
                part(2, 0, 1000),
                changed(
                    following(3),
                    parcel ->
                        parcel
                            .getStepBuilder()
                            .addNextPeers(
                                Peer.newBuilder()
                                    .setIdentity(SessionFrames.PEER)
                                    .setAddress("127.0.0.1:1")
                                    .setTicket(Frames.zeros(16)))),
                of(128, 1, 4))
            .map(PeerFrame::toByteArray)
            .toList();
    for (int i = 0; i < 400; i++) {
      try (RawStream<PeerReply> stream = rig.link()) {
        if (mutations.below(10) > 0) {
          stream.send(samples.getFirst());
        }
        for (int frame = 0; frame < 5; frame++) {
          byte[] sample = samples.get(mutations.below(samples.size()));
          stream.send(mutations.below(4) == 0 ? sample : mutations.of(sample));
        }
        stream.complete().ended();
      }
    }
  }
}
