package io.baton.simulations.chain;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.baton.client.stage.StageHarness;
import io.baton.proto.codec.DigestCodec;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.StageCodec;
import io.baton.proto.codec.TensorCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.Chunk;
import io.baton.proto.v1.ClientFrame;
import io.baton.proto.v1.Close;
import io.baton.proto.v1.CommandDone;
import io.baton.proto.v1.DescribeRequest;
import io.baton.proto.v1.DescribeResponse;
import io.baton.proto.v1.Heartbeat;
import io.baton.proto.v1.LayerSpan;
import io.baton.proto.v1.Open;
import io.baton.proto.v1.PayloadHeader;
import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.ProcessHello;
import io.baton.proto.v1.ProcessReply;
import io.baton.proto.v1.RefusalReason;
import io.baton.proto.v1.Refused;
import io.baton.proto.v1.RelayGrpc;
import io.baton.proto.v1.SideInput;
import io.baton.proto.v1.StageFrame;
import io.baton.proto.v1.StageInfo;
import io.baton.proto.v1.Step;
import io.baton.proto.v1.VersionRange;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.session.model.Digest;
import io.baton.session.model.SessionId;
import io.baton.session.model.Tensor;
import io.baton.transport.grpc.Channels;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.EventLoops;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.process.Dialect;
import io.baton.transport.process.DialedStream;
import io.baton.transport.process.SocketLoop;
import io.baton.verification.PayloadDigester;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What breaks the protocol gets a typed answer or none, costs its sender the stream and nobody else
 * anything.
 */
@Timeout(120)
class BadInputTest {

  private static final SessionId SESSION = new SessionId(7, 8);

  /** Whatever a client asks for. */
  private static final Duration LEASE = Duration.ofSeconds(2);

  private static final long PAYLOAD_BYTES = 1 << 20;

  @TempDir Path directory;

  private final OracleExecutor oracle = new OracleExecutor(1, 0, 1, TestChain.MAX_LENGTH);
  private final EventLoops loops = EventLoops.start("test", 1);
  private StageHarness harness;
  private Relay relay;
  private ManagedChannel channel;

  @BeforeEach
  void start() throws Exception {
    harness = StageHarness.start(oracle, "s");
    relay =
        Relay.start(
            RelayConfig.of("r", Endpoint.tcp("127.0.0.1", 0))
                .withProcessSocket(socket())
                .withLimits(
                    RelayConfig.Limits.DEFAULT.withLease(LEASE).withPayloadBytes(PAYLOAD_BYTES)));
    relay.attach(harness);
    channel =
        Channels.open(
            loops, relay.endpoint(), InsecureChannelCredentials.create(), KeepAlive.DEFAULT);
  }

  private Endpoint.Unix socket() {
    return new Endpoint.Unix(directory.resolve("relay.sock"));
  }

  /** Others are served, and nothing is kept. */
  @AfterEach
  void othersAreServed_andNothingIsLeft() throws Exception {
    try {
      Client good = new Client();
      good.send(frame(good().setSession(IdCodec.toWire(new SessionId(9, 9)))));
      assertThat(good.next().hasOpened()).isTrue();
      good.send(step(1, 0, 1, payload(OracleExecutor.rows(1))));
      assertThat(good.next().hasOutput()).isTrue();
      good.send(ClientFrame.newBuilder().setClose(Close.getDefaultInstance()).build());
      assertThat(good.ended().isOk()).isTrue();
      channel.shutdownNow();
      TestChain.eventually()
          .untilAsserted(
              () -> {
                assertThat(relay.status().sessions()).isZero();
                assertThat(relay.status().heldBytes()).isZero();
                assertThat(relay.status().receivingBytes()).isZero();
                assertThat(relay.pool().usage().total().bytes()).isZero();
                assertThat(oracle.sessions()).isZero();
              });
    } finally {
      relay.close();
      harness.close();
      loops.close();
    }
    TestChain.assertNoThreadLeft();
    assertThat(directory).isEmptyDirectory();
  }

  /** A client that says what it is told to say. */
  private final class Client implements StreamObserver<StageFrame> {

    private final Queue<StageFrame> answers = new ConcurrentLinkedQueue<>();
    private final CompletableFuture<Status> end = new CompletableFuture<>();
    private final StreamObserver<ClientFrame> stream = RelayGrpc.newStub(channel).session(this);

    void send(ClientFrame frame) {
      stream.onNext(frame);
    }

    StageFrame next() {
      TestChain.eventually().until(() -> !answers.isEmpty());
      return answers.remove();
    }

    Refused refused() {
      StageFrame answer = next();
      assertThat(answer.getFrameCase()).isEqualTo(StageFrame.FrameCase.REFUSED);
      return answer.getRefused();
    }

    Status ended() throws Exception {
      return end.get(30, TimeUnit.SECONDS);
    }

    @Override
    public void onNext(StageFrame frame) {
      answers.add(frame);
    }

    @Override
    public void onError(Throwable error) {
      end.complete(Status.fromThrowable(error));
    }

    @Override
    public void onCompleted() {
      end.complete(Status.OK);
    }
  }

  private static Open.Builder good() {
    return Open.newBuilder()
        .setVersions(Versions.spoken())
        .setSession(IdCodec.toWire(SESSION))
        .setProof(ByteString.copyFromUtf8("only its client knows"))
        .setEpoch(1)
        .setModelId(OracleExecutor.MODEL)
        .setSpan(LayerSpan.newBuilder().setFirst(0).setEnd(1))
        .setMaxLength(100);
  }

  private static ClientFrame frame(Open.Builder open) {
    return ClientFrame.newBuilder().setOpen(open).build();
  }

  private static ClientFrame open() {
    return frame(good());
  }

  private static PayloadHeader.Builder payload(Tensor tensor) {
    return PayloadHeader.newBuilder()
        .setActivations(TensorCodec.toWire(tensor.spec()))
        .setInline(ByteString.copyFrom(tensor.data()))
        .setDigest(
            DigestCodec.toWire(
                new PayloadDigester(Digest.Algorithm.SHA256).payload(tensor).digest()));
  }

  private static ClientFrame step(int number, int position, int count, PayloadHeader.Builder p) {
    return ClientFrame.newBuilder()
        .setStep(
            Step.newBuilder()
                .setEpoch(1)
                .setStep(number)
                .setPosition(position)
                .setCount(count)
                .setPayload(p))
        .build();
  }

  private void malformedFirst(ClientFrame frame) throws Exception {
    Client client = new Client();
    client.send(frame);
    assertThat(client.refused().getReason()).isEqualTo(RefusalReason.REFUSAL_REASON_MALFORMED);
    assertThat(client.ended().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
  }

  private void malformedAfterOpening(ClientFrame... frames) throws Exception {
    Client client = new Client();
    client.send(open());
    assertThat(client.next().hasOpened()).isTrue();
    for (ClientFrame frame : frames) {
      client.send(frame);
    }
    assertThat(client.refused().getReason()).isEqualTo(RefusalReason.REFUSAL_REASON_MALFORMED);
    assertThat(client.ended().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
  }

  @Test
  void firstFrame_notOpen_isMalformed() throws Exception {
    malformedFirst(step(1, 0, 1, payload(OracleExecutor.rows(1))));
    malformedFirst(ClientFrame.newBuilder().setHeartbeat(Heartbeat.getDefaultInstance()).build());
    malformedFirst(ClientFrame.newBuilder().setClose(Close.getDefaultInstance()).build());
    malformedFirst(ClientFrame.newBuilder().setChunk(Chunk.newBuilder().setDataId(1)).build());
    malformedFirst(ClientFrame.getDefaultInstance());
  }

  @Test
  void open_incompleteOrOutOfRange_isMalformed() throws Exception {
    malformedFirst(frame(good().clearSession()));
    malformedFirst(frame(good().clearSpan()));
    malformedFirst(frame(good().clearProof()));
    malformedFirst(frame(good().setProof(ByteString.copyFrom(new byte[15]))));
    malformedFirst(frame(good().setProof(ByteString.copyFrom(new byte[65]))));
    malformedFirst(frame(good().clearModelId()));
    malformedFirst(frame(good().setMaxLength(0)));
    malformedFirst(frame(good().setMaxLength(-1)));
    malformedFirst(frame(good().setEpoch(-1)));
    malformedFirst(frame(good().setLength(-1)));
    malformedFirst(frame(good().setLeaseMillis(-1)));
    malformedFirst(frame(good().setSpan(LayerSpan.newBuilder().setFirst(2).setEnd(1))));
    malformedFirst(frame(good().setDigestAlgorithmValue(99)));
    malformedFirst(frame(good().setRoleValue(99)));
    malformedFirst(
        frame(good().addPushSources(io.baton.proto.v1.RelayIdentity.getDefaultInstance())));
  }

  private void openingRefused(Open.Builder open, RefusalReason reason) {
    Client client = new Client();
    client.send(frame(open));
    assertThat(client.refused().getReason()).isEqualTo(reason);
    client.stream.onCompleted();
  }

  @Test
  void open_versions0And99_areRefused() {
    openingRefused(good().clearVersions(), RefusalReason.REFUSAL_REASON_VERSION);
    openingRefused(
        good().setVersions(VersionRange.newBuilder().setLowest(99).setHighest(99)),
        RefusalReason.REFUSAL_REASON_VERSION);
    openingRefused(
        good().setVersions(VersionRange.newBuilder().setLowest(-1).setHighest(-1)),
        RefusalReason.REFUSAL_REASON_VERSION);
  }

  @Test
  void open_whatTheStageDoesNotServe_isRefused() {
    openingRefused(good().setModelId("another"), RefusalReason.REFUSAL_REASON_STAGE_NOT_SERVED);
    openingRefused(
        good().setSpan(LayerSpan.newBuilder().setFirst(1).setEnd(2)),
        RefusalReason.REFUSAL_REASON_STAGE_NOT_SERVED);
    openingRefused(
        good().setMaxLength(TestChain.MAX_LENGTH + 1), RefusalReason.REFUSAL_REASON_TOO_LONG);
  }

  @Test
  void open_sameSessionOnOtherTerms_isAConflict() throws Exception {
    Client first = new Client();
    first.send(open());
    assertThat(first.next().hasOpened()).isTrue();
    openingRefused(good().setMaxLength(50), RefusalReason.REFUSAL_REASON_CONFLICT);
    first.send(ClientFrame.newBuilder().setClose(Close.getDefaultInstance()).build());
    assertThat(first.ended().isOk()).isTrue();
  }

  @Test
  void open_onASecondStream_takesTheSessionOverAndLosesNothing() throws Exception {
    Client first = new Client();
    first.send(open());
    assertThat(first.next().hasOpened()).isTrue();
    first.send(step(1, 0, 1, payload(OracleExecutor.rows(1))));
    assertThat(first.next().hasOutput()).isTrue();
    // Half of a payload is on its way when the client changes its mind.
    first.send(chunked(2, 1, 40, 2));
    first.send(chunk(0, 160));
    Client second = new Client();
    second.send(frame(good().setEpoch(2).setLength(1)));
    StageFrame opened = second.next();
    assertThat(opened.getOpened().getCurrentLength()).isEqualTo(1);
    assertThat(first.ended().isOk()).isTrue();
    TestChain.eventually().until(() -> relay.status().receivingBytes() == 0);
    second.send(ClientFrame.newBuilder().setClose(Close.getDefaultInstance()).build());
    assertThat(second.ended().isOk()).isTrue();
  }

  /** A step whose payload comes in chunks. */
  private static ClientFrame chunked(int number, int position, int tokens, int chunks) {
    Tensor tensor = OracleExecutor.rows(new long[tokens]);
    return step(
        number, position, tokens, payload(tensor).clearInline().setChunkCount(chunks).setDataId(5));
  }

  private static ClientFrame chunk(int index, int bytes) {
    return ClientFrame.newBuilder()
        .setChunk(
            Chunk.newBuilder()
                .setDataId(5)
                .setIndex(index)
                .setData(ByteString.copyFrom(new byte[bytes])))
        .build();
  }

  @Test
  void step_chunksOutOfPlace_areMalformed() throws Exception {
    malformedAfterOpening(chunk(0, 8));
    malformedAfterOpening(chunked(1, 0, 4, 2), chunk(1, 16));
    malformedAfterOpening(chunked(1, 0, 4, 2), chunk(0, 0));
    malformedAfterOpening(chunked(1, 0, 4, 2), chunk(0, 33));
    malformedAfterOpening(chunked(1, 0, 4, 2), chunk(0, 8), chunk(1, 8));
    malformedAfterOpening(chunked(1, 0, 4, 2), chunked(2, 0, 4, 2));
    malformedAfterOpening(chunked(1, 0, 4, 2), open());
  }

  @Test
  void step_hugeOrImpossibleSizes_areMalformed() throws Exception {
    PayloadHeader.Builder huge = payload(OracleExecutor.rows(1)).clearInline();
    huge.getActivationsBuilder().clearShape().addShape(1L << 30).addShape(1L << 20);
    malformedAfterOpening(step(1, 0, 1, huge.setChunkCount(1)));
    PayloadHeader.Builder negative = payload(OracleExecutor.rows(1));
    negative.getActivationsBuilder().clearShape().addShape(-1).addShape(1);
    malformedAfterOpening(step(1, 0, 1, negative));
    malformedAfterOpening(step(1, -1, 1, payload(OracleExecutor.rows(1))));
    malformedAfterOpening(step(1, 0, -1, payload(OracleExecutor.rows(1))));
    malformedAfterOpening(step(1, Integer.MAX_VALUE, 1, payload(OracleExecutor.rows(1))));
    malformedAfterOpening(step(1, 0, 1, payload(OracleExecutor.rows(1)).clearInline()));
    malformedAfterOpening(step(1, 0, 1, payload(OracleExecutor.rows(1)).clearDigest()));
    malformedAfterOpening(
        ClientFrame.newBuilder().setStep(Step.newBuilder().setEpoch(1).setStep(1)).build());
  }

  private void stepRefused(ClientFrame step, RefusalReason reason) throws Exception {
    Client client = new Client();
    client.send(open());
    assertThat(client.next().hasOpened()).isTrue();
    client.send(step);
    assertThat(client.refused().getReason()).isEqualTo(reason);
    // The session goes on.
    client.send(step(2, 0, 1, payload(OracleExecutor.rows(1))));
    assertThat(client.next().hasOutput()).isTrue();
    client.send(ClientFrame.newBuilder().setClose(Close.getDefaultInstance()).build());
    assertThat(client.ended().isOk()).isTrue();
  }

  /** It is told when the chunks have been read, none of which was kept. */
  @Test
  void step_thatTheStageDoesNotTake_costsNothing() throws Exception {
    Client client = new Client();
    client.send(open());
    assertThat(client.next().hasOpened()).isTrue();
    PayloadHeader.Builder header =
        payload(OracleExecutor.rows(1)).clearInline().setChunkCount(2).setDataId(5);
    header.addSideInputs(
        SideInput.newBuilder()
            .setName("unheard of")
            .setSpec(TensorCodec.toWire(OracleExecutor.ROW.withRows(40_000))));
    client.send(step(1, 0, 1, header));
    client.send(chunk(0, 320_000));
    client.send(chunk(1, Long.BYTES));
    Refused refused = client.refused();
    assertThat(refused.getReason()).isEqualTo(RefusalReason.REFUSAL_REASON_BAD_TENSOR);
    assertThat(refused.getMessage()).contains("unheard of");
    assertThat(relay.status().receivingBytes()).isZero();
    client.send(step(2, 0, 1, payload(OracleExecutor.rows(1))));
    assertThat(client.next().hasOutput()).isTrue();
    client.send(ClientFrame.newBuilder().setClose(Close.getDefaultInstance()).build());
    assertThat(client.ended().isOk()).isTrue();
  }

  @Test
  void step_thatCannotBe_isRefusedAndTheSessionGoesOn() throws Exception {
    stepRefused(
        step(
            1,
            0,
            1,
            payload(OracleExecutor.rows(1))
                .setInline(ByteString.copyFrom(new byte[] {9, 9, 9, 9, 9, 9, 9, 9}))),
        RefusalReason.REFUSAL_REASON_BAD_DIGEST);
    stepRefused(step(1, 5, 1, payload(OracleExecutor.rows(1))), RefusalReason.REFUSAL_REASON_GAP);
    stepRefused(
        step(1, 0, 2, payload(OracleExecutor.rows(1))), RefusalReason.REFUSAL_REASON_BAD_TENSOR);
    stepRefused(
        step(1, 100, 1, payload(OracleExecutor.rows(1))), RefusalReason.REFUSAL_REASON_TOO_LONG);
  }

  @Test
  void step_afterTheSessionIsOver_getsNoSession() throws Exception {
    Client client = new Client();
    client.send(frame(good().setLeaseMillis(100)));
    assertThat(client.next().hasOpened()).isTrue();
    assertThat(client.refused().getReason()).isEqualTo(RefusalReason.REFUSAL_REASON_NO_SESSION);
    client.send(step(1, 0, 1, payload(OracleExecutor.rows(1))));
    assertThat(client.refused().getReason()).isEqualTo(RefusalReason.REFUSAL_REASON_NO_SESSION);
    client.stream.onCompleted();
  }

  @Test
  void describe_withoutVersions_answersAnyway() throws Exception {
    DescribeResponse response =
        RelayGrpc.newBlockingStub(channel)
            .withDeadlineAfter(30, TimeUnit.SECONDS)
            .describe(DescribeRequest.getDefaultInstance());
    assertThat(response.getStagesCount()).isEqualTo(1);
    assertThat(response.getVersions()).isEqualTo(Versions.spoken());
  }

  @Test
  void stream_randomFrames_endsOnlyItself() throws Exception {
    Random random = new Random(20_26);
    List<ClientFrame> samples =
        List.of(
            open(),
            step(1, 0, 1, payload(OracleExecutor.rows(1))),
            chunked(2, 1, 40, 2),
            chunk(0, 160),
            ClientFrame.newBuilder().setHeartbeat(Heartbeat.getDefaultInstance()).build());
    for (int round = 0; round < 100; round++) {
      Client client = new Client();
      for (int i = 0; i < 4 && !client.end.isDone(); i++) {
        byte[] bytes = samples.get(random.nextInt(samples.size())).toByteArray();
        for (int flips = random.nextInt(3); flips > 0; flips--) {
          bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
        try {
          client.send(ClientFrame.parseFrom(bytes));
        } catch (com.google.protobuf.InvalidProtocolBufferException e) {
          // Nothing that this client could send.
        } catch (IllegalStateException e) {
          // The relay has had enough already.
        }
      }
      try {
        client.stream.onCompleted();
      } catch (IllegalStateException e) {
        // As above.
      }
      client.ended();
    }
  }

  // ---- executors

  /** An executor that says what it is told to say. */
  private final class Executor implements ClientResponseObserver<ProcessFrame, ProcessReply> {

    private final CompletableFuture<Status> end = new CompletableFuture<>();
    private final SocketLoop loop = SocketLoop.start("bad-executor");
    private final DialedStream<ProcessFrame, ProcessReply> stream =
        DialedStream.dial(loop, socket().path(), Dialect.PROCESS, KeepAlive.DEFAULT, this);

    void endsWith(Status.Code code, ProcessFrame... frames) throws Exception {
      for (ProcessFrame frame : frames) {
        stream.onNext(frame);
      }
      stream.flush();
      assertThat(end.get(30, TimeUnit.SECONDS).getCode()).isEqualTo(code);
      loop.close();
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<ProcessFrame> call) {}

    @Override
    public void onNext(ProcessReply reply) {}

    @Override
    public void onError(Throwable error) {
      end.complete(Status.fromThrowable(error));
    }

    @Override
    public void onCompleted() {
      end.complete(Status.OK);
    }
  }

  private ProcessFrame hello(VersionRange versions) {
    return ProcessFrame.newBuilder()
        .setHello(
            ProcessHello.newBuilder()
                .setVersions(versions)
                .setStage(StageCodec.toWire(oracle.info())))
        .build();
  }

  private static ProcessFrame done(CommandDone.Builder done) {
    return ProcessFrame.newBuilder().setDone(done).build();
  }

  @Test
  void attach_badFrames_endTheStreamAlone() throws Exception {
    new Executor().endsWith(Status.Code.INVALID_ARGUMENT, ProcessFrame.getDefaultInstance());
    new Executor()
        .endsWith(
            Status.Code.INVALID_ARGUMENT,
            ProcessFrame.newBuilder()
                .setHello(
                    ProcessHello.newBuilder()
                        .setVersions(Versions.spoken())
                        .setStage(StageInfo.getDefaultInstance()))
                .build());
    new Executor()
        .endsWith(Status.Code.FAILED_PRECONDITION, hello(VersionRange.getDefaultInstance()));
    new Executor()
        .endsWith(
            Status.Code.FAILED_PRECONDITION,
            hello(VersionRange.newBuilder().setLowest(99).setHighest(99).build()));
    new Executor()
        .endsWith(Status.Code.INVALID_ARGUMENT, done(CommandDone.newBuilder().setCommand(1)));
    new Executor()
        .endsWith(
            Status.Code.INVALID_ARGUMENT,
            ProcessFrame.newBuilder().setChunk(Chunk.newBuilder().setDataId(1)).build());
    // The place is taken.
    new Executor().endsWith(Status.Code.ALREADY_EXISTS, hello(Versions.spoken()));
  }

  @Test
  void attach_attachedExecutorThatBreaksTheProtocol_losesItsPlace() throws Exception {
    relay.detach(harness);
    new Executor()
        .endsWith(Status.Code.INVALID_ARGUMENT, hello(Versions.spoken()), hello(Versions.spoken()));
    TestChain.eventually().until(() -> relay.stage().isEmpty());
    PayloadHeader.Builder half =
        payload(OracleExecutor.rows(new long[40])).clearInline().setChunkCount(2).setDataId(5);
    new Executor()
        .endsWith(
            Status.Code.INVALID_ARGUMENT,
            hello(Versions.spoken()),
            done(CommandDone.newBuilder().setCommand(77).setPayload(half)),
            done(CommandDone.newBuilder().setCommand(78).setPayload(half)));
    TestChain.eventually().until(() -> relay.stage().isEmpty());
    relay.attach(harness);
  }
}
