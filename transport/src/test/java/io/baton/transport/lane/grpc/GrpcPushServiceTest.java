package io.baton.transport.lane.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.codec.PushCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.Chunk;
import io.baton.proto.v1.PushFrame;
import io.baton.proto.v1.PushGrpc;
import io.baton.proto.v1.PushHello;
import io.baton.proto.v1.Pushed;
import io.baton.proto.v1.SharedPool;
import io.baton.proto.v1.Sharing;
import io.baton.proto.v1.VersionRange;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.session.model.StageRole;
import io.baton.transport.Payloads;
import io.baton.transport.grpc.Channels;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.lane.DropReason;
import io.baton.transport.lane.LaneState;
import io.baton.transport.lane.Pushes;
import io.baton.transport.lane.RecordingReceiver;
import io.baton.transport.payload.PayloadFrames;
import io.baton.transport.payload.PayloadMemory;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.transport.pinned.SlotHandle;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Peers that misbehave, byte by byte; and one that does not, and must not notice. */
class GrpcPushServiceTest {

  private static final RelayId SELF = new RelayId("relay-b", 2);
  private static final RelayId GOOD = new RelayId("relay-a", 1);
  private static final PushLimits LIMITS =
      new PushLimits(1 << 20, 1 << 20, 8, Duration.ofMillis(400));

  private final RecordingReceiver receiver = new RecordingReceiver();
  private GrpcRig rig;
  private ManagedChannel channel;
  private GrpcLane goodLane;
  private int goodPushes;

  @BeforeEach
  void open() throws Exception {
    rig = GrpcRig.sharing(Endpoint.tcp("127.0.0.1", 0), LIMITS);
    rig.start(SELF, receiver);
    channel =
        Channels.open(
            rig.sending(), rig.endpoint(), InsecureChannelCredentials.create(), KeepAlive.DEFAULT);
    goodLane = rig.open(GOOD, 1 << 20);
    eventually().until(() -> goodLane.state() == LaneState.READY);
  }

  @AfterEach
  void close_leavesNothing() throws Exception {
    assertGoodPeerIsServed();
    assertThat(goodLane.stats().reconnects()).as("never disturbed").isZero();
    goodLane.close();
    channel.shutdownNow();
    assertThat(channel.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
    eventually().untilAsserted(() -> assertThat(rig.service().streams()).isZero());
    assertThat(rig.service().assemblingBytes()).isZero();
    rig.close();
    eventually().untilAsserted(() -> assertThat(rig.held()).isEmpty());
  }

  private static ConditionFactory eventually() {
    return await().atMost(Duration.ofSeconds(10)).pollInterval(Duration.ofMillis(5));
  }

  private void assertGoodPeerIsServed() {
    goodPushes++;
    assertThat(
            goodLane.push(
                Pushes.of(77, goodPushes, Payloads.ofBytes(1, 100_000)), StageRole.ACTIVE))
        .isTrue();
    eventually()
        .untilAsserted(
            () ->
                assertThat(receiver.pushes())
                    .filteredOn(push -> push.session().high() == 77)
                    .hasSize(goodPushes));
  }

  /** A peer that can send any bytes at all. */
  private final class RawStream extends ClientCall.Listener<byte[]> {

    final CompletableFuture<Status> end = new CompletableFuture<>();
    final List<byte[]> answers = Collections.synchronizedList(new ArrayList<>());
    private final ClientCall<byte[], byte[]> call;

    RawStream() {
      MethodDescriptor.Marshaller<byte[]> bytes = new Bytes();
      MethodDescriptor<byte[], byte[]> method =
          PushGrpc.getPushMethod().toBuilder(bytes, bytes).build();
      call = channel.newCall(method, CallOptions.DEFAULT);
      call.start(this, new Metadata());
      call.request(100);
    }

    RawStream send(byte[] message) {
      call.sendMessage(message);
      return this;
    }

    RawStream send(PushFrame frame) {
      return send(frame.toByteArray());
    }

    void cancel() {
      call.cancel("enough", null);
    }

    void halfClose() {
      call.halfClose();
    }

    Status status() throws Exception {
      return end.get(10, TimeUnit.SECONDS);
    }

    @Override
    public void onMessage(byte[] message) {
      answers.add(message);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      end.complete(status);
    }
  }

  private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static PushFrame hello(int lowest, int highest) {
    return PushFrame.newBuilder()
        .setHello(
            PushHello.newBuilder()
                .setVersions(VersionRange.newBuilder().setLowest(lowest).setHighest(highest))
                .setFrom(IdCodec.toWire(new RelayId("evil", 666))))
        .build();
  }

  private static PushFrame hello() {
    return hello(Versions.LOWEST, Versions.HIGHEST);
  }

  private static List<PushFrame> frames(Push push) {
    PayloadFrames payload =
        PayloadMemory.none().sending(PoolUse.PUSH, "evil", 1).frame(push.payload());
    List<PushFrame> frames = new ArrayList<>();
    frames.add(PushFrame.newBuilder().setPush(PushCodec.toWire(push, payload.header())).build());
    payload.chunks().forEach(chunk -> frames.add(PushFrame.newBuilder().setChunk(chunk).build()));
    return frames;
  }

  private static PushFrame pushFrame(Consumer<Pushed.Builder> spoil) {
    PushFrame good = frames(Pushes.of(1, 1, Payloads.ofBytes(1, 100))).getFirst();
    Pushed.Builder push = good.getPush().toBuilder();
    spoil.accept(push);
    return PushFrame.newBuilder().setPush(push).build();
  }

  private void assertRefused(
      PushFrame frame, Status.Code code, DropReason reason, String description) throws Exception {
    Status status = new RawStream().send(hello()).send(frame).status();
    assertThat(status.getCode()).isEqualTo(code);
    assertThat(status.getDescription()).isEqualTo(description);
    assertThat(receiver.drops()).last().isEqualTo(new RecordingReceiver.Drop(reason, description));
  }

  private void assertMalformed(PushFrame frame, String description) throws Exception {
    assertRefused(frame, Status.Code.INVALID_ARGUMENT, DropReason.MALFORMED, description);
  }

  @Test
  void limits_defaults() {
    assertThat(PushLimits.DEFAULT)
        .isEqualTo(new PushLimits(64L << 20, 256L << 20, 256, Duration.ofSeconds(10)));
  }

  @Test
  void firstFrame_mustBeAHello() throws Exception {
    Status status = new RawStream().send(pushFrame(push -> {})).status();
    assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(status.getDescription()).isEqualTo("hello: missing");
    assertThat(receiver.pushes()).isEmpty();
  }

  @Test
  void hello_isCheckedAndAnswered() throws Exception {
    RawStream stream = new RawStream().send(hello());
    eventually().untilAsserted(() -> assertThat(stream.answers).hasSize(1));
    stream.halfClose();
    assertThat(stream.status().isOk()).isTrue();

    assertMalformed(hello(), "hello: comes twice");
    PushFrame nameless =
        PushFrame.newBuilder()
            .setHello(PushHello.newBuilder().setVersions(Versions.spoken()))
            .build();
    assertThat(new RawStream().send(nameless).status().getDescription())
        .isEqualTo("hello.from: missing");
  }

  @Test
  void hello_withoutCommonVersionIsRefused() throws Exception {
    for (int[] range : new int[][] {{0, 0}, {2, 9}, {-1, -1}}) {
      Status status = new RawStream().send(hello(range[0], range[1])).status();
      assertThat(status.getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
      assertThat(status.getDescription())
          .startsWith("no common version: ")
          .endsWith("this end speaks 1-1");
    }
    assertThat(receiver.drops())
        .extracting(RecordingReceiver.Drop::reason)
        .containsOnly(DropReason.REFUSED);
  }

  @Test
  void hello_thatDoesNotComeEndsTheStream() throws Exception {
    Status status = new RawStream().status();
    assertThat(status.getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(status.getDescription()).isEqualTo("a hello did not come");
  }

  @Test
  void push_withBadNumbersIsMalformed() throws Exception {
    assertMalformed(
        pushFrame(push -> push.setEpoch(-1)),
        "push.epoch: 18446744073709551615 is beyond 9223372036854775807");
    assertMalformed(
        pushFrame(push -> push.setPosition(-5)), "push.position: 4294967291 is beyond 2147483647");
    assertMalformed(
        pushFrame(push -> push.setPosition(Integer.MAX_VALUE).setCount(1)),
        "push.count: step 1.1 at position 2147483647 of 1 tokens");
    assertMalformed(
        pushFrame(push -> push.getPayloadBuilder().getActivationsBuilder().setShape(1, -100)),
        "activations.shape[1]: -100 is not within 0-2147483647");
    assertMalformed(
        pushFrame(push -> push.getPayloadBuilder().clearInline().setChunkCount(-1)),
        "chunk_count: 4294967295 is beyond 2147483647");
  }

  @Test
  void push_withMissingPartsIsMalformed() throws Exception {
    assertMalformed(pushFrame(Pushed.Builder::clearSession), "push.session: missing");
    assertMalformed(pushFrame(Pushed.Builder::clearTicket), "push.ticket: missing");
    assertMalformed(pushFrame(Pushed.Builder::clearPayload), "push.payload: missing");
    assertMalformed(pushFrame(push -> push.getPayloadBuilder().clearDigest()), "digest: missing");
    assertMalformed(PushFrame.getDefaultInstance(), "frame: missing, unknown or unreadable");
  }

  @Test
  void push_thatAnnouncesTooMuchIsMalformed() throws Exception {
    assertMalformed(
        pushFrame(
            push ->
                push.getPayloadBuilder()
                    .clearInline()
                    .setChunkCount(1 << 20)
                    .getActivationsBuilder()
                    .setShape(0, 1 << 20)
                    .setShape(1, 1 << 20)),
        "payload: 1099511627776 bytes; at most 1048576");
    assertThat(rig.service().assemblingBytes()).isZero();
  }

  @Test
  void chunk_outOfPlaceIsMalformed() throws Exception {
    Chunk chunk =
        Chunk.newBuilder().setDataId(1).setData(ByteString.copyFromUtf8("surplus")).build();
    assertMalformed(
        PushFrame.newBuilder().setChunk(chunk).build(), "chunk: comes after no announcement");
  }

  @Test
  void digestMismatch_isDroppedAndTheStreamGoesOn() throws Exception {
    PushFrame forged =
        pushFrame(push -> push.getPayloadBuilder().setInline(ByteString.copyFrom(new byte[100])));
    PushFrame honest = pushFrame(push -> {});
    RawStream stream = new RawStream().send(hello()).send(forged).send(honest);
    eventually().untilAsserted(() -> assertThat(receiver.pushes()).hasSize(1));
    assertThat(receiver.drops())
        .extracting(RecordingReceiver.Drop::reason)
        .containsExactly(DropReason.DIGEST_MISMATCH);
    stream.halfClose();
    assertThat(stream.status().isOk()).isTrue();
  }

  private static PushFrame saying(PushFrame frame, Sharing sharing) {
    return frame.toBuilder().setSharing(sharing).build();
  }

  /** A peer that says the sender's pool to be its own, and so has it mapped. */
  private PushFrame helloWithPool() {
    PoolAddress pool = new PoolAddress(rig.pool().path().toString(), rig.pool().id());
    return saying(hello(), Sharing.newBuilder().setPool(ExchangeCodec.toWire(pool)).build());
  }

  private static PushFrame shared(SlotHandle handle) {
    return pushFrame(
        push ->
            push.getPayloadBuilder()
                .clearInline()
                .setShared(
                    ExchangeCodec.slotToWire(handle.pool(), handle.offset(), handle.generation())));
  }

  @Test
  void handle_thatIsStale_isDroppedAndTheStreamGoesOn() throws Exception {
    Slot slot = rig.pool().allocate(100, PoolUse.PUSH, "evil").orElseThrow();
    SlotHandle handle = slot.handle();
    slot.release();
    RawStream stream = new RawStream().send(helloWithPool());
    stream.send(shared(handle));
    stream.send(shared(new SlotHandle(handle.pool(), 1L << 40, handle.generation())));
    stream.send(shared(new SlotHandle(handle.pool(), rig.pool().size() - 64, 1)));
    stream.send(pushFrame(push -> {}));
    eventually().untilAsserted(() -> assertThat(receiver.pushes()).hasSize(1));
    assertThat(receiver.drops())
        .extracting(RecordingReceiver.Drop::reason)
        .containsExactly(DropReason.STALE, DropReason.STALE, DropReason.STALE);
    stream.halfClose();
    assertThat(stream.status().isOk()).isTrue();
  }

  @Test
  void handle_thatCannotBe_isMalformed() throws Exception {
    assertMalformed(
        shared(new SlotHandle(1, 128, 5)), "shared: no pool of the sender is mapped here");
    assertMalformed(shared(new SlotHandle(1, 128, 0)), "shared.generation: missing");
    Status status =
        new RawStream().send(helloWithPool()).send(shared(new SlotHandle(0x42, 128, 5))).status();
    assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(status.getDescription())
        .isEqualTo(
            "shared.pool: 0000000000000042; the sender's is %016x".formatted(rig.pool().id()));
  }

  @Test
  void sharing_thatCannotBe_isMalformed() throws Exception {
    PushFrame honest = pushFrame(push -> {});
    assertMalformed(
        saying(honest, Sharing.newBuilder().setMapped(true).build()),
        "sharing.mapped: no pool was offered");
    assertMalformed(
        saying(honest, Sharing.newBuilder().addConsumed(7).build()),
        "sharing.consumed: 7 is not waited for");
    assertMalformed(
        saying(
            honest, Sharing.newBuilder().setPool(SharedPool.newBuilder().setPath("pool")).build()),
        "sharing.pool.path: \"pool\" is no absolute path");
    Status status =
        new RawStream()
            .send(helloWithPool())
            .send(saying(honest, helloWithPool().getSharing()))
            .status();
    assertThat(status.getDescription()).isEqualTo("sharing.pool: comes twice");
  }

  @Test
  void payload_thatStallsEndsTheStream() throws Exception {
    RawStream stream = new RawStream().send(hello());
    stream.send(frames(Pushes.of(1, 1, Payloads.ofBytes(1, 600_000))).getFirst());
    assertThat(stream.status().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(rig.service().assemblingBytes()).isZero();
    assertThat(receiver.drops())
        .extracting(RecordingReceiver.Drop::reason)
        .containsExactly(DropReason.CUT_OFF);
  }

  @Test
  void payload_whoseStreamIsCutGivesItsBytesBack() throws Exception {
    RawStream stream = new RawStream().send(hello());
    List<PushFrame> frames = frames(Pushes.of(1, 1, Payloads.ofBytes(1, 600_000)));
    stream.send(frames.get(0)).send(frames.get(1));
    eventually().untilAsserted(() -> assertThat(rig.service().assemblingBytes()).isPositive());
    stream.cancel();
    eventually().untilAsserted(() -> assertThat(rig.service().assemblingBytes()).isZero());
    assertThat(receiver.drops())
        .extracting(RecordingReceiver.Drop::reason)
        .containsExactly(DropReason.CUT_OFF);
  }

  @Test
  void payload_forAStandby_givesWayWhileOthersStillFit() throws Exception {
    RawStream hog = new RawStream().send(hello());
    frames(Pushes.of(1, 1, Payloads.ofBytes(1, 300_000))).stream().limit(2).forEach(hog::send);
    eventually()
        .untilAsserted(() -> assertThat(rig.service().assemblingBytes()).isEqualTo(300_000));

    receiver.standBy();
    RawStream toStandby = new RawStream().send(hello());
    frames(Pushes.of(2, 1, Payloads.ofBytes(2, 100_000))).forEach(toStandby::send);
    eventually().untilAsserted(() -> assertThat(receiver.drops()).hasSize(1));
    receiver.standByNoMore();
    RawStream toActive = new RawStream().send(hello());
    frames(Pushes.of(3, 1, Payloads.ofBytes(3, 500_000))).forEach(toActive::send);
    eventually().untilAsserted(() -> assertThat(receiver.pushes()).hasSize(1));
    assertThat(receiver.drops())
        .containsExactly(
            new RecordingReceiver.Drop(
                DropReason.NO_ROOM, "no room for 100000 bytes from evil~00000000"));
    hog.cancel();
    eventually().untilAsserted(() -> assertThat(rig.service().assemblingBytes()).isZero());
  }

  @Test
  void payload_beyondWhatMayArriveAtOnceIsDroppedAndTheStreamGoesOn() throws Exception {
    RawStream hog = new RawStream().send(hello());
    frames(Pushes.of(1, 1, Payloads.ofBytes(1, 800_000))).stream().limit(4).forEach(hog::send);
    eventually()
        .untilAsserted(() -> assertThat(rig.service().assemblingBytes()).isEqualTo(800_000));

    RawStream second = new RawStream().send(hello());
    frames(Pushes.of(2, 1, Payloads.ofBytes(2, 300_000))).forEach(second::send);
    second.send(pushFrame(push -> {}));
    eventually().untilAsserted(() -> assertThat(receiver.pushes()).hasSize(1));
    assertThat(receiver.drops())
        .containsExactly(
            new RecordingReceiver.Drop(
                DropReason.NO_ROOM, "no room for 300000 bytes from evil~00000000"));
    second.cancel();
    hog.cancel();
    eventually().untilAsserted(() -> assertThat(rig.service().assemblingBytes()).isZero());
  }

  @Test
  void streams_beyondAnAddressesShareAreRefused() throws Exception {
    List<RawStream> open = new ArrayList<>();
    for (int i = 0; i < LIMITS.maxStreams() - 2; i++) {
      RawStream stream = new RawStream().send(hello());
      eventually().untilAsserted(() -> assertThat(stream.answers).hasSize(1));
      open.add(stream);
    }
    Status status = new RawStream().send(hello()).status();
    assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(status.getDescription()).isEqualTo("7 streams are open already, of 8");

    open.getFirst().cancel();
    eventually()
        .untilAsserted(
            () -> assertThat(rig.service().streams()).isEqualTo(LIMITS.maxStreams() - 2));
    RawStream last = new RawStream().send(hello());
    eventually().untilAsserted(() -> assertThat(last.answers).hasSize(1));
    last.cancel();
    open.forEach(RawStream::cancel);
  }

  @Test
  void receiverThatThrows_endsThatStreamOnly() throws Exception {
    receiver.failOnce();
    Status status = new RawStream().send(hello()).send(pushFrame(push -> {})).status();
    assertThat(status.getCode()).isEqualTo(Status.Code.INTERNAL);
    assertThat(receiver.drops())
        .extracting(RecordingReceiver.Drop::reason)
        .containsExactly(DropReason.RECEIVER_FAILED);
  }

  @Test
  void invalidUtf8_endsTheStream() throws Exception {
    byte[] bytes = hello().toByteArray();
    int name = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("evil");
    bytes[name] = (byte) 0xFF;
    assertUnreadable(new RawStream().send(bytes));
  }

  @Test
  void bytesThatAreNoMessage_endTheStream() throws Exception {
    for (int i = 0; i < 2 * LIMITS.maxStreams(); i++) {
      byte[] truncated = hello().toByteArray();
      assertUnreadable(new RawStream().send(Arrays.copyOf(truncated, truncated.length - 1)));
    }
  }

  private void assertUnreadable(RawStream stream) throws Exception {
    Status status = stream.status();
    assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(status.getDescription()).isEqualTo("frame: missing, unknown or unreadable");
    assertThat(receiver.drops())
        .last()
        .extracting(RecordingReceiver.Drop::reason)
        .isEqualTo(DropReason.MALFORMED);
  }

  @Test
  void messageBeyondFourMebibytes_endsTheStream() throws Exception {
    Status status = new RawStream().send(hello()).send(new byte[(4 << 20) + 1]).status();
    assertThat(status.isOk()).isFalse();
  }

  /** Good frames cut short, spoiled or replaced by noise, one stream after another. */
  @Test
  void spoiledFrames_endTheirStreamOrAreDropped() throws Exception {
    for (int seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      RawStream stream = new RawStream();
      if (random.nextInt(4) > 0) {
        stream.send(hello());
      }
      int bytes = random.nextInt(3) == 0 ? 300_000 : 200;
      for (PushFrame frame : frames(Pushes.of(1, seed, Payloads.withSideInputs(seed, bytes)))) {
        stream.send(spoiled(frame.toByteArray(), random));
      }
      stream.halfClose();
      assertThat(stream.status()).as("seed %d", seed).isNotNull();
    }
    eventually().untilAsserted(() -> assertThat(rig.service().streams()).isEqualTo(1));
    assertThat(rig.service().assemblingBytes()).isZero();
    // What got through unspoiled is right, because its digest is.
    receiver
        .pushes()
        .forEach(push -> assertThat(push.payload().activations().spec().rows()).isEqualTo(1));
  }

  private static byte[] spoiled(byte[] good, Random random) {
    byte[] bytes = good.clone();
    switch (random.nextInt(5)) {
      case 0 -> bytes = Arrays.copyOf(good, random.nextInt(good.length));
      case 1 -> random.nextBytes(bytes);
      case 2 -> {
        for (int n = 1 + random.nextInt(4); n > 0; n--) {
          // Among the first, where the numbers are.
          bytes[random.nextInt(Math.min(64, bytes.length))] = (byte) random.nextInt();
        }
      }
      case 3 -> bytes = Arrays.copyOf(good, good.length + random.nextInt(100));
      default -> {}
    }
    return bytes;
  }

  @Test
  void bytesThatAreNoHttp2_areCutOff() throws Exception {
    InetSocketAddress address =
        new InetSocketAddress(
            InetAddress.getLoopbackAddress(), ((Endpoint.Tcp) rig.endpoint()).address().port());
    for (int seed = 0; seed < 20; seed++) {
      byte[] noise = new byte[2000];
      new Random(seed).nextBytes(noise);
      try (Socket socket = new Socket()) {
        socket.setSoTimeout(5000);
        socket.connect(address, 5000);
        socket.getOutputStream().write(noise);
        assertThat(socket.getInputStream().readAllBytes()).as("seed %d", seed).isNotNull();
      } catch (java.net.SocketTimeoutException e) {
        throw new AssertionError("not cut off, seed " + seed, e);
      } catch (IOException reset) {
        // Cut off while we were still writing or reading.
      }
    }
  }
}
