package io.baton.relay.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Named.named;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.DigestCodec;
import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.ClientFrame;
import io.baton.proto.v1.CommandDone;
import io.baton.proto.v1.DType;
import io.baton.proto.v1.LayerSpan;
import io.baton.proto.v1.Open;
import io.baton.proto.v1.PayloadHeader;
import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.ProcessHello;
import io.baton.proto.v1.ProcessReply;
import io.baton.proto.v1.RefusalReason;
import io.baton.proto.v1.SessionId;
import io.baton.proto.v1.SharedPool;
import io.baton.proto.v1.Sharing;
import io.baton.proto.v1.SlotHandle;
import io.baton.proto.v1.StageFrame;
import io.baton.proto.v1.StageInfo;
import io.baton.proto.v1.Step;
import io.baton.proto.v1.TensorSpec;
import io.baton.session.model.Digest;
import io.baton.session.model.Tensor;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.verification.PayloadDigester;
import io.grpc.Status;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the other end of a stream can say about shared memory, on both kinds that share some. */
class BadSharingTest extends HostileTest {

  /** What a token is. */
  private static final TensorSpec ROW =
      TensorSpec.newBuilder().setDtype(DType.DTYPE_I64).addShape(1).addShape(1).build();

  private PinnedPool pool;

  @BeforeAll
  void createPool() throws Exception {
    pool = PinnedPool.create(PoolConfig.of("stranger", 1 << 20));
  }

  @AfterAll
  void closePool() {
    pool.close();
  }

  // ---- saying hello

  private static Sharing.Builder pool(String path) {
    return Sharing.newBuilder().setPool(SharedPool.newBuilder().setPath(path).setId(5));
  }

  private Sharing own() {
    return Sharing.newBuilder()
        .setPool(SharedPool.newBuilder().setPath(pool.path().toString()).setId(pool.id()))
        .build();
  }

  private static ClientFrame client(Sharing sharing) {
    return ClientFrame.newBuilder().setSharing(sharing).build();
  }

  private static ClientFrame open() {
    return ClientFrame.newBuilder()
        .setOpen(
            Open.newBuilder()
                .setVersions(Versions.spoken())
                .setSession(SessionId.newBuilder().setHigh(1).setLow(2))
                .setProof(ByteString.copyFrom(new byte[16]))
                .setEpoch(1)
                .setModelId("model")
                .setSpan(LayerSpan.newBuilder().setEnd(1))
                .setMaxLength(100))
        .build();
  }

  private static ProcessFrame executor(Sharing sharing) {
    return ProcessFrame.newBuilder().setSharing(sharing).build();
  }

  private static ProcessFrame executorHello() {
    return ProcessFrame.newBuilder()
        .setHello(
            ProcessHello.newBuilder()
                .setVersions(Versions.spoken())
                .setStage(
                    StageInfo.newBuilder()
                        .setModelId("model")
                        .setModelLayers(1)
                        .setSpan(LayerSpan.newBuilder().setEnd(1))
                        .setInputRow(ROW)
                        .setOutputRow(ROW)
                        .setMaxLength(100)))
        .build();
  }

  /** An executor that has its place, and opens a session for a client who has opened it, too. */
  private RawStream<StageFrame> session(RawStream<ProcessReply> executor, Sharing first)
      throws Exception {
    executor.send(executorHello());
    return sessionAt(executor, first);
  }

  private RawStream<StageFrame> sessionAt(RawStream<ProcessReply> executor, Sharing first)
      throws Exception {
    executor.next(ProcessReply::hasWelcome);
    RawStream<StageFrame> session =
        rig.session().send(open().toBuilder().setSharing(first).build());
    long command = executor.next(frame -> frame.getCommand().hasOpen()).getCommand().getCommand();
    executor.send(
        ProcessFrame.newBuilder().setDone(CommandDone.newBuilder().setCommand(command)).build());
    session.next(StageFrame::hasOpened);
    return session;
  }

  // ---- nonsense, before anything has been said

  static Stream<Arguments> nonsense() {
    return Stream.of(
        arguments(
            named("mapped without an offer", Sharing.newBuilder().setMapped(true)), "no pool"),
        arguments(
            named("consumed what was not sent", Sharing.newBuilder().addConsumed(1)),
            "1 is not waited for"),
        arguments(
            named("consumed the largest number", Sharing.newBuilder().addConsumed(-1)),
            "18446744073709551615 is not waited for"),
        arguments(
            named(
                "consumed 100,000 times",
                Sharing.newBuilder().addAllConsumed(Collections.nCopies(100_000, 0L))),
            "0 is not waited for"),
        arguments(named("a pool without a path", pool("")), "sharing.pool.path"),
        arguments(named("a pool at a relative path", pool("pool")), "sharing.pool.path"),
        arguments(named("a pool at a path with a zero", pool("/a\0b")), "sharing.pool.path"),
        arguments(
            named("a pool at a path of 1 MiB", pool("/" + "x".repeat(1 << 20))),
            "sharing.pool.path"));
  }

  private static void assertMalformed(RawStream<?> stream, String says) throws Exception {
    assertEnds(stream, Status.Code.INVALID_ARGUMENT, says);
  }

  @ParameterizedTest
  @MethodSource("nonsense")
  void sharing_thatCannotBe_endsEachKindOfStream(Sharing.Builder sharing, String says)
      throws Exception {
    try (RawStream<StageFrame> session = rig.session();
        RawStream<ProcessReply> executor = rig.executor()) {
      session.send(client(sharing.build()));
      assertThat(session.next(StageFrame::hasRefused).getRefused().getReason())
          .isEqualTo(RefusalReason.REFUSAL_REASON_MALFORMED);
      assertMalformed(session, says);
      if (sharing.getMapped()) {
        // An executor is offered the relay's pool with its welcome.
        return;
      }
      assertMalformed(executor.send(executorHello()).send(executor(sharing.build())), says);
    }
  }

  /** One process may be an executor and a reader, and say something of both at once. */
  @Test
  void sharing_withARequest_isHeard_andSoIsTheRequest() throws Exception {
    try (RawStream<ProcessReply> both = rig.executor().send(executorHello())) {
      both.next(ProcessReply::hasWelcome);
      Sharing mapped = Sharing.newBuilder().setMapped(true).build();
      ProcessFrame request = Frames.frame(Frames.reader(2, 2, GROUP));
      both.send(request.toBuilder().setSharing(mapped).build());
      assertThat(both.next(ProcessReply::hasRegistered).getRegistered().getRequest()).isEqualTo(2);
      assertMalformed(both.send(executor(mapped)), "said twice");
    }
  }

  @Test
  void pool_saidTwice_endsEachKindOfStream() throws Exception {
    try (RawStream<StageFrame> session = rig.session();
        RawStream<ProcessReply> executor = rig.executor()) {
      assertMalformed(session.send(client(own())).send(client(own())), "comes twice");
      assertMalformed(
          executor.send(executorHello()).send(executor(own())).send(executor(own())),
          "comes twice");
    }
  }

  @Test
  void mapped_saidTwice_endsEachKindOfStreamThatSends() throws Exception {
    Sharing mapped = Sharing.newBuilder().setMapped(true).build();
    try (RawStream<ProcessReply> executor = rig.executor();
        RawStream<StageFrame> session = session(executor, Sharing.getDefaultInstance())) {
      assertMalformed(session.send(client(mapped)).send(client(mapped)), "said twice");
      assertMalformed(executor.send(executor(mapped)).send(executor(mapped)), "said twice");
    }
  }

  // ---- handles

  private static PayloadHeader.Builder payload(long id, long offset, long generation) {
    return PayloadHeader.newBuilder()
        .setActivations(ROW)
        .setDataId(9)
        .setDigest(
            DigestCodec.toWire(
                new PayloadDigester(Digest.Algorithm.SHA256).payload(token()).digest()))
        .setShared(SlotHandle.newBuilder().setPool(id).setOffset(offset).setGeneration(generation));
  }

  private static Tensor token() {
    return Tensor.wrap(
        io.baton.session.model.TensorSpec.of(io.baton.session.model.DType.I64, 1, 1), new byte[8]);
  }

  private static ClientFrame step(PayloadHeader.Builder payload) {
    return ClientFrame.newBuilder()
        .setStep(Step.newBuilder().setEpoch(1).setStep(1).setCount(1).setPayload(payload))
        .build();
  }

  /** Offsets and generations of slots that are none, in a pool that has one good slot. */
  private static List<long[]> noSlots(Slot good) {
    long offset = good.handle().offset();
    long generation = good.handle().generation();
    return List.of(
        new long[] {offset, generation + 1},
        new long[] {offset + 64, generation},
        new long[] {offset + 1, generation},
        new long[] {0, generation},
        new long[] {64, generation},
        new long[] {1 << 20, generation},
        new long[] {(1 << 20) - 64, generation},
        new long[] {Long.MAX_VALUE, generation},
        new long[] {Long.MAX_VALUE - 63, generation});
  }

  @Test
  void step_byAHandleOfNoSlot_isMalformed() throws Exception {
    Slot slot = pool.allocate(8, PoolUse.COMMAND, "test").orElseThrow();
    for (long[] handle : noSlots(slot)) {
      try (RawStream<ProcessReply> executor = rig.executor();
          RawStream<StageFrame> session = session(executor, own())) {
        session.send(step(payload(pool.id(), handle[0], handle[1])));
        assertMalformed(session, "shared");
      }
      await().until(() -> rig.relay().stage().isEmpty());
    }
    slot.release();
  }

  @Test
  void output_byAHandleOfNoSlot_costsTheExecutorItsPlace() throws Exception {
    try (RawStream<ProcessReply> executor = rig.executor();
        RawStream<StageFrame> session = session(executor, Sharing.getDefaultInstance())) {
      session.send(
          step(payload(1, 1, 1).clearShared().setInline(ByteString.copyFrom(new byte[8]))));
      long command =
          executor.next(frame -> frame.getCommand().hasForward()).getCommand().getCommand();
      executor.send(
          ProcessFrame.newBuilder()
              .setDone(
                  CommandDone.newBuilder()
                      .setCommand(command)
                      .setPayload(payload(pool.id(), 128, 77).clearDigest()))
              .setSharing(own())
              .build());
      assertMalformed(executor, "shared");
      assertThat(session.next(StageFrame::hasRefused).getRefused().getReason())
          .isEqualTo(RefusalReason.REFUSAL_REASON_NO_SESSION);
    }
  }

  /** A process that maps the relay's pool may say that it has copied what it was never sent. */
  @Test
  void consumed_whatWasFreedAlready_endsTheStream() throws Exception {
    ProcessFrame mapped = executor(Sharing.newBuilder().setMapped(true).build());
    // Heard before the executor's answer on the same stream, without which no session opens.
    try (RawStream<ProcessReply> executor = rig.executor().send(executorHello()).send(mapped);
        RawStream<StageFrame> session = sessionAt(executor, Sharing.getDefaultInstance())) {
      session.send(
          step(payload(1, 1, 1).clearShared().setInline(ByteString.copyFrom(new byte[8]))));
      PayloadHeader sent =
          executor
              .next(frame -> frame.getCommand().hasForward())
              .getCommand()
              .getForward()
              .getPayload();
      assertThat(sent.hasShared()).isTrue();
      assertThat(ExchangeCodec.slotToWire(rig.relay().pool().id(), 0, 1).getPool())
          .isEqualTo(sent.getShared().getPool());
      Sharing consumed = Sharing.newBuilder().addConsumed(sent.getDataId()).build();
      executor.send(executor(consumed)).send(executor(consumed));
      assertMalformed(executor, "is not waited for");
    }
  }

  // ---- anything at all

  @Test
  void mutatedFrames_endNothingButTheirStreams() throws Exception {
    Mutations mutations = new Mutations(4711);
    List<byte[]> sessions =
        List.of(
            open().toBuilder().setSharing(own()).build().toByteArray(),
            client(own()).toByteArray(),
            step(payload(pool.id(), 128, 1)).toByteArray(),
            client(Sharing.newBuilder().setMapped(true).addConsumed(3).build()).toByteArray());
    List<byte[]> executors =
        List.of(
            executorHello().toBuilder().setSharing(own()).build().toByteArray(),
            ProcessFrame.newBuilder()
                .setDone(
                    CommandDone.newBuilder().setCommand(1).setPayload(payload(pool.id(), 128, 1)))
                .build()
                .toByteArray(),
            executor(Sharing.newBuilder().setMapped(true).addConsumed(3).build()).toByteArray());
    for (int i = 0; i < 400; i++) {
      try (RawStream<StageFrame> session = rig.session();
          RawStream<ProcessReply> executor = rig.executor()) {
        spoil(session, sessions, mutations);
        spoil(executor, executors, mutations);
      }
    }
  }

  /** The first frame as it should be, most times, and five that are not. */
  private static void spoil(RawStream<?> stream, List<byte[]> samples, Mutations mutations)
      throws Exception {
    if (mutations.below(10) > 0) {
      stream.send(samples.getFirst());
    }
    for (int i = 0; i < 5; i++) {
      stream.send(mutations.of(samples.get(mutations.below(samples.size()))));
    }
    stream.complete().ended();
  }
}
