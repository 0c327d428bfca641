package io.baton.transport.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.ExchangeCodec;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.PoolAddress;
import io.baton.proto.codec.PushCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.BodyPart;
import io.baton.proto.v1.DataAddress;
import io.baton.proto.v1.Empty;
import io.baton.proto.v1.LinkGrpc;
import io.baton.proto.v1.Parcel;
import io.baton.proto.v1.Peer;
import io.baton.proto.v1.PeerFrame;
import io.baton.proto.v1.PeerHello;
import io.baton.proto.v1.PeerReply;
import io.baton.proto.v1.StepHead;
import io.baton.proto.v1.VersionRange;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.session.model.StageRole;
import io.baton.session.model.Ticket;
import io.baton.transport.LaneKind;
import io.baton.transport.Payloads;
import io.baton.transport.grpc.Channels;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.payload.PayloadBytes;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.transport.pinned.SlotHandle;
import io.baton.transport.stream.StreamState;
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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Peers that misbehave, byte by byte; and one that does not, and must not notice. */
class PeerServicePushTest {

  private static final RelayId SELF = new RelayId("relay-b", 2);
  private static final RelayId GOOD = new RelayId("relay-a", 1);
  private static final PeerLimits LIMITS =
      new PeerLimits(
          8, 128 << 10, 1 << 20, 1 << 20, new SenderLimits(100, 1 << 20), Duration.ofMillis(400));
  private static final int PART_BYTES = 256 << 10;
  private static final AtomicLong NUMBERS = new AtomicLong(OutboundSteps.FIRST_NUMBER);

  private final RecordingReceiver receiver = new RecordingReceiver();
  private ChunkReceiver chunks;
  private PeerRig rig;
  private ManagedChannel channel;
  private PeerLink goodLink;
  private int goodPushes;

  @BeforeEach
  void open() throws Exception {
    rig = PeerRig.of(LaneKind.LOCAL, Endpoint.tcp("127.0.0.1", 0), LIMITS);
    chunks = new ChunkReceiver(rig.receiverPool());
    rig.start(SELF, receiver, chunks);
    channel =
        Channels.open(
            rig.sending(), rig.endpoint(), InsecureChannelCredentials.create(), KeepAlive.DEFAULT);
    goodLink = rig.open(GOOD, 1 << 20, Links.NO_CHUNKS);
    eventually().until(() -> goodLink.state() == StreamState.READY);
  }

  @AfterEach
  void close_leavesNothing() throws Exception {
    assertGoodPeerIsServed();
    assertThat(goodLink.stats().reconnects()).as("never disturbed").isZero();
    goodLink.close();
    channel.shutdownNow();
    assertThat(channel.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
    eventually().untilAsserted(() -> assertThat(rig.service().streams()).isZero());
    assertThat(rig.service().arrivingBytes()).isZero();
    rig.close();
    eventually().untilAsserted(() -> assertThat(rig.held()).isEmpty());
  }

  private static ConditionFactory eventually() {
    return await().atMost(Duration.ofSeconds(10)).pollInterval(Duration.ofMillis(5));
  }

  private void assertGoodPeerIsServed() {
    goodPushes++;
    assertThat(
            goodLink.push(
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
      this(channel);
    }

    RawStream(ManagedChannel channel) {
      MethodDescriptor.Marshaller<byte[]> bytes = new Bytes();
      MethodDescriptor<byte[], byte[]> method =
          LinkGrpc.getCarryMethod().toBuilder(bytes, bytes).build();
      call = channel.newCall(method, CallOptions.DEFAULT);
      call.start(this, new Metadata());
      call.request(100);
    }

    RawStream send(byte[] message) {
      call.sendMessage(message);
      return this;
    }

    RawStream send(PeerFrame frame) {
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

  private static PeerFrame hello(int lowest, int highest) {
    return PeerFrame.newBuilder()
        .setHello(
            PeerHello.newBuilder()
                .setVersions(VersionRange.newBuilder().setLowest(lowest).setHighest(highest))
                .setFrom(IdCodec.toWire(new RelayId("evil", 666))))
        .build();
  }

  private static PeerFrame hello() {
    return hello(Versions.LOWEST, Versions.HIGHEST);
  }

  /** As a sender would cut it. */
  private static List<PeerFrame> frames(Push push) {
    Parcel.Builder parcel =
        Parcel.newBuilder().setNumber(NUMBERS.getAndIncrement()).setStep(PushCodec.toWire(push));
    ByteString bytes = new PayloadBytes(push.payload()).take((int) push.payload().bytes());
    if (bytes.size() <= 64 << 10) {
      return List.of(PeerFrame.newBuilder().setParcel(parcel.setInline(bytes)).build());
    }
    List<PeerFrame> frames = new ArrayList<>();
    parcel.setFollowing(Empty.getDefaultInstance());
    frames.add(PeerFrame.newBuilder().setParcel(parcel).build());
    for (int at = 0; at < bytes.size(); at += PART_BYTES) {
      frames.add(
          part(
              parcel.getNumber(),
              at,
              bytes.substring(at, Math.min(bytes.size(), at + PART_BYTES))));
    }
    return frames;
  }

  private static PeerFrame part(long number, long offset, ByteString data) {
    return PeerFrame.newBuilder()
        .setBody(BodyPart.newBuilder().setNumber(number).setOffset(offset).setData(data))
        .build();
  }

  private static PeerFrame parcel(Consumer<Parcel.Builder> spoil) {
    PeerFrame good = frames(Pushes.of(1, 1, Payloads.ofBytes(1, 100))).getFirst();
    Parcel.Builder parcel = good.getParcel().toBuilder();
    spoil.accept(parcel);
    return PeerFrame.newBuilder().setParcel(parcel).build();
  }

  private static PeerFrame step(Consumer<StepHead.Builder> spoil) {
    return parcel(parcel -> spoil.accept(parcel.getStepBuilder()));
  }

  private void assertRefused(
      PeerFrame frame, Status.Code code, DropReason reason, String description) throws Exception {
    Status status = new RawStream().send(hello()).send(frame).status();
    assertThat(status.getCode()).isEqualTo(code);
    assertThat(status.getDescription()).isEqualTo(description);
    assertThat(receiver.drops()).last().isEqualTo(new RecordingReceiver.Drop(reason, description));
  }

  private void assertMalformed(PeerFrame frame, String description) throws Exception {
    assertRefused(frame, Status.Code.INVALID_ARGUMENT, DropReason.MALFORMED, description);
  }

  @Test
  void limits_defaults() {
    assertThat(PeerLimits.DEFAULT)
        .isEqualTo(
            new PeerLimits(
                256,
                128 << 10,
                64L << 20,
                256L << 20,
                new SenderLimits(1 << 16, 16 << 20),
                Duration.ofSeconds(10)));
  }

  @Test
  void firstFrame_mustBeAHello() throws Exception {
    Status status = new RawStream().send(parcel(parcel -> {})).status();
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
    PeerFrame nameless =
        PeerFrame.newBuilder()
            .setHello(PeerHello.newBuilder().setVersions(Versions.spoken()))
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
        step(step -> step.setEpoch(-1)),
        "step.epoch: 18446744073709551615 is beyond 9223372036854775807");
    assertMalformed(
        step(step -> step.setPosition(-5)), "step.position: 4294967291 is beyond 2147483647");
    assertMalformed(
        step(step -> step.setPosition(Integer.MAX_VALUE).setCount(1)),
        "step.count: step 1.1 at position 2147483647 of 1 tokens");
    assertMalformed(
        step(step -> step.getActivationsBuilder().setShape(1, -100)),
        "step.activations.shape[1]: -100 is not within 0-2147483647");
    assertMalformed(parcel(parcel -> parcel.setNumber(7)), "number: 7 is a chunk's, not a step's");
  }

  @Test
  void push_withMissingPartsIsMalformed() throws Exception {
    assertMalformed(step(StepHead.Builder::clearSession), "step.session: missing");
    assertMalformed(step(StepHead.Builder::clearTicket), "step.ticket: missing");
    assertMalformed(step(StepHead.Builder::clearActivations), "step.activations: missing");
    assertMalformed(step(StepHead.Builder::clearDigest), "step.digest: missing");
    assertMalformed(
        parcel(Parcel.Builder::clearHead), "parcel.head: missing, unknown or unreadable");
    assertMalformed(parcel(Parcel.Builder::clearBody), "body: missing; pushes are not granted");
    assertMalformed(PeerFrame.getDefaultInstance(), "frame: missing, unknown or unreadable");
  }

  @Test
  void push_whoseBytesAreOfAnotherSize_isMalformed() throws Exception {
    assertMalformed(
        parcel(parcel -> parcel.setInline(ByteString.copyFrom(new byte[99]))),
        "inline: 99 bytes; the tensors take 100, and a frame at most 131072");
    PeerFrame large = frames(Pushes.of(1, 1, Payloads.ofBytes(1, 200_000))).getFirst();
    Parcel.Builder inline = large.getParcel().toBuilder();
    assertMalformed(
        PeerFrame.newBuilder()
            .setParcel(inline.setInline(ByteString.copyFrom(new byte[200_000])))
            .build(),
        "inline: 200000 bytes; the tensors take 200000, and a frame at most 131072");
    PeerFrame empty = frames(Pushes.of(1, 1, Payloads.empty())).getFirst();
    assertMalformed(
        PeerFrame.newBuilder()
            .setParcel(empty.getParcel().toBuilder().setFollowing(Empty.getDefaultInstance()))
            .build(),
        "following: there are no bytes to come");
  }

  @Test
  void push_thatAnnouncesTooMuchIsMalformed() throws Exception {
    assertMalformed(
        parcel(
            parcel ->
                parcel
                    .setFollowing(Empty.getDefaultInstance())
                    .getStepBuilder()
                    .getActivationsBuilder()
                    .setShape(0, 1 << 20)
                    .setShape(1, 1 << 20)),
        "step: 1099511627776 bytes; at most 1048576");
    assertThat(rig.service().arrivingBytes()).isZero();
  }

  @Test
  void push_whoseNumberIsUsedTwice_isMalformed() throws Exception {
    PeerFrame head = frames(Pushes.of(1, 1, Payloads.ofBytes(1, 600_000))).getFirst();
    Status status = new RawStream().send(hello()).send(head).send(head).status();
    assertThat(status.getDescription())
        .isEqualTo(
            "number: %s is used twice"
                .formatted(Long.toUnsignedString(head.getParcel().getNumber())));
  }

  @Test
  void part_ofNoPush_isPassedOver() throws Exception {
    RawStream stream = new RawStream().send(hello());
    stream.send(part(NUMBERS.getAndIncrement(), 0, ByteString.copyFromUtf8("surplus")));
    stream.send(part(4711, 0, ByteString.copyFromUtf8("of no chunk")));
    stream.send(parcel(parcel -> {}));
    eventually().untilAsserted(() -> assertThat(receiver.pushes()).hasSize(1));
    assertThat(receiver.drops()).isEmpty();
    stream.halfClose();
    assertThat(stream.status().isOk()).isTrue();
  }

  @Test
  void part_outOfPlaceIsMalformed() throws Exception {
    for (PartOutOfPlace each :
        List.of(
            new PartOutOfPlace(1, 10, "10 bytes at 1, after 0 of 100000"),
            new PartOutOfPlace(-1, 10, "10 bytes at -1, after 0 of 100000"),
            new PartOutOfPlace(0, 0, "0 bytes at 0, after 0 of 100000"),
            new PartOutOfPlace(0, 100_001, "100001 bytes at 0, after 0 of 100000"))) {
      PeerFrame head = frames(Pushes.of(1, 1, Payloads.ofBytes(1, 100_000))).getFirst();
      Status status =
          new RawStream()
              .send(hello())
              .send(head)
              .send(
                  part(
                      head.getParcel().getNumber(),
                      each.offset(),
                      ByteString.copyFrom(new byte[each.bytes()])))
              .status();
      assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
      assertThat(status.getDescription()).isEqualTo("body.data: " + each.description());
    }
    assertThat(rig.service().arrivingBytes()).isZero();
  }

  private record PartOutOfPlace(long offset, int bytes, String description) {}

  @Test
  void parts_ofSeveralPushesMayMix() throws Exception {
    List<PeerFrame> one = frames(Pushes.of(1, 1, Payloads.ofBytes(1, 300_000)));
    List<PeerFrame> other = frames(Pushes.of(2, 1, Payloads.ofBytes(2, 280_000)));
    RawStream stream = new RawStream().send(hello());
    for (int i = 0; i < one.size(); i++) {
      stream.send(one.get(i)).send(other.get(i));
    }
    eventually().untilAsserted(() -> assertThat(receiver.pushes()).hasSize(2));
    assertThat(receiver.drops()).isEmpty();
    stream.halfClose();
    assertThat(stream.status().isOk()).isTrue();
  }

  /** They are kept until the bytes have come, and could be of any number. */
  @Test
  void heads_ofPushesThatAreToCome_takeRoomAsWell() throws Exception {
    RawStream stream = new RawStream().send(hello());
    Peer wordy =
        IdCodec.toWire(
            new io.baton.session.model.Peer(
                new RelayId("x".repeat(250), 1), "host:1", new Ticket(new byte[200])));
    for (int i = 0; i < 20; i++) {
      stream.send(
          parcel(
              parcel ->
                  parcel
                      .setNumber(NUMBERS.getAndIncrement())
                      .setFollowing(Empty.getDefaultInstance())
                      .getStepBuilder()
                      .addAllNextPeers(Collections.nCopies(300, wordy))));
    }
    eventually()
        .untilAsserted(
            () ->
                assertThat(receiver.drops())
                    .extracting(RecordingReceiver.Drop::reason)
                    .contains(DropReason.NO_ROOM));
    assertThat(rig.service().arrivingBytes()).isBetween(300_000L, 1L << 20);
    stream.cancel();
    eventually().untilAsserted(() -> assertThat(rig.service().arrivingBytes()).isZero());
  }

  @Test
  void digestMismatch_isDroppedAndTheStreamGoesOn() throws Exception {
    PeerFrame forged = parcel(parcel -> parcel.setInline(ByteString.copyFrom(new byte[100])));
    PeerFrame honest = parcel(parcel -> {});
    RawStream stream = new RawStream().send(hello()).send(forged).send(honest);
    eventually().untilAsserted(() -> assertThat(receiver.pushes()).hasSize(1));
    assertThat(receiver.drops())
        .extracting(RecordingReceiver.Drop::reason)
        .containsExactly(DropReason.DIGEST_MISMATCH);
    stream.halfClose();
    assertThat(stream.status().isOk()).isTrue();
  }

  /** A peer that says the sender's pool to be its own, and so has it mapped. */
  private PeerFrame helloWithPool() {
    PoolAddress pool = new PoolAddress(rig.senderPool().path().toString(), rig.senderPool().id());
    PeerHello said =
        hello().getHello().toBuilder()
            .addLanes(io.baton.proto.v1.LaneKind.LANE_KIND_LOCAL)
            .setData(DataAddress.newBuilder().setPool(ExchangeCodec.toWire(pool)))
            .build();
    return PeerFrame.newBuilder().setHello(said).build();
  }

  private static PeerFrame shared(SlotHandle handle) {
    return parcel(
        parcel ->
            parcel.setShared(
                ExchangeCodec.slotToWire(handle.pool(), handle.offset(), handle.generation())));
  }

  @Test
  void handle_thatIsStale_isDroppedAndTheStreamGoesOn() throws Exception {
    Slot slot = rig.senderPool().allocate(100, PoolUse.PUSH, "evil").orElseThrow();
    SlotHandle handle = slot.handle();
    slot.release();
    RawStream stream = new RawStream().send(helloWithPool());
    stream.send(shared(handle));
    stream.send(shared(new SlotHandle(handle.pool(), 1L << 40, handle.generation())));
    stream.send(shared(new SlotHandle(handle.pool(), rig.senderPool().size() - 64, 1)));
    stream.send(parcel(parcel -> {}));
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
        shared(new SlotHandle(1, 128, 5)), "shared: no such pool of the sender is mapped here");
    assertMalformed(shared(new SlotHandle(1, 128, 0)), "shared.generation: missing");
    Status status =
        new RawStream().send(helloWithPool()).send(shared(new SlotHandle(0x42, 128, 5))).status();
    assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(status.getDescription())
        .isEqualTo("shared: no such pool of the sender is mapped here");
  }

  @Test
  void handle_thatIsStale_isReportedAsReleased() throws Exception {
    RawStream stream = new RawStream().send(helloWithPool());
    PeerFrame stale = shared(new SlotHandle(rig.senderPool().id(), 128, 99));
    stream.send(stale);
    eventually().untilAsserted(() -> assertThat(stream.answers).hasSize(2));
    assertThat(PeerReply.parseFrom(stream.answers.get(1)).getReleased().getNumbersList())
        .containsExactly(stale.getParcel().getNumber());
    stream.cancel();
  }

  /** The pool's own, which the service maps only where pools are. */
  @Test
  void pool_elsewhere_isNotMapped() throws Exception {
    PeerHello.Builder said = helloWithPool().getHello().toBuilder();
    said.getDataBuilder().getPoolBuilder().setPath("/etc/passwd");
    RawStream stream = new RawStream().send(PeerFrame.newBuilder().setHello(said).build());
    eventually().untilAsserted(() -> assertThat(stream.answers).hasSize(1));
    assertThat(PeerReply.parseFrom(stream.answers.getFirst()).getWelcome().getLane())
        .isEqualTo(io.baton.proto.v1.LaneKind.LANE_KIND_GRPC);
    stream.cancel();
  }

  @Test
  void payload_thatStallsEndsTheStream() throws Exception {
    RawStream stream = new RawStream().send(hello());
    stream.send(frames(Pushes.of(1, 1, Payloads.ofBytes(1, 600_000))).getFirst());
    assertThat(stream.status().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(rig.service().arrivingBytes()).isZero();
    assertThat(receiver.drops())
        .extracting(RecordingReceiver.Drop::reason)
        .containsExactly(DropReason.CUT_OFF);
  }

  /** Bodies take turns, so that the next part of one may be long in coming where they are many. */
  @Test
  void payload_thatWaitsWhileOthersCome_isNotGivenUp() throws Exception {
    Duration patience = Duration.ofSeconds(2);
    PeerLimits patient = new PeerLimits(8, 128 << 10, 4 << 20, 4 << 20, LIMITS.answers(), patience);
    RecordingReceiver apart = new RecordingReceiver();
    try (PeerRig slow = PeerRig.of(LaneKind.GRPC, Endpoint.tcp("127.0.0.1", 0), patient)) {
      slow.start(SELF, apart, new ChunkReceiver(slow.receiverPool()));
      ManagedChannel to =
          Channels.open(
              slow.sending(),
              slow.endpoint(),
              InsecureChannelCredentials.create(),
              KeepAlive.DEFAULT);
      Push first = Pushes.of(1, 1, Payloads.ofBytes(1, 100_000));
      int size = 2_000_000;
      int piece = 40_000;
      Push other = Pushes.of(1, 2, Payloads.ofBytes(2, size));
      List<PeerFrame> waiting = frames(first);
      PeerFrame head = frames(other).getFirst();
      long number = head.getParcel().getNumber();
      ByteString bytes = new PayloadBytes(other.payload()).take(size);
      RawStream stream = new RawStream(to).send(hello()).send(waiting.getFirst()).send(head);
      long until = System.nanoTime() + patience.multipliedBy(3).dividedBy(2).toNanos();
      AtomicInteger sent = new AtomicInteger();
      eventually()
          .pollInterval(patience.dividedBy(16))
          .until(
              () -> {
                int at = sent.getAndAdd(piece);
                stream.send(part(number, at, bytes.substring(at, at + piece)));
                return System.nanoTime() - until > 0;
              });
      waiting.stream().skip(1).forEach(stream::send);
      stream.send(part(number, sent.get(), bytes.substring(sent.get())));
      eventually().untilAsserted(() -> assertThat(apart.pushes()).containsExactly(first, other));
      stream.cancel();
      to.shutdownNow();
      assertThat(to.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
    }
  }

  @Test
  void payload_whoseStreamIsCutGivesItsBytesBack() throws Exception {
    RawStream stream = new RawStream().send(hello());
    List<PeerFrame> frames = frames(Pushes.of(1, 1, Payloads.ofBytes(1, 600_000)));
    stream.send(frames.get(0)).send(frames.get(1));
    eventually().untilAsserted(() -> assertThat(rig.service().arrivingBytes()).isPositive());
    stream.cancel();
    eventually().untilAsserted(() -> assertThat(rig.service().arrivingBytes()).isZero());
    assertThat(receiver.drops())
        .extracting(RecordingReceiver.Drop::reason)
        .containsExactly(DropReason.CUT_OFF);
  }

  @Test
  void payload_forAStandby_givesWayWhileOthersStillFit() throws Exception {
    RawStream hog = new RawStream().send(hello());
    frames(Pushes.of(1, 1, Payloads.ofBytes(1, 300_000))).stream().limit(2).forEach(hog::send);
    eventually()
        .untilAsserted(
            () -> assertThat(rig.service().arrivingBytes()).isBetween(300_000L, 301_000L));

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
    eventually().untilAsserted(() -> assertThat(rig.service().arrivingBytes()).isZero());
  }

  @Test
  void payload_beyondWhatMayArriveAtOnceIsDroppedAndTheStreamGoesOn() throws Exception {
    RawStream hog = new RawStream().send(hello());
    frames(Pushes.of(1, 1, Payloads.ofBytes(1, 800_000))).stream().limit(4).forEach(hog::send);
    eventually()
        .untilAsserted(
            () -> assertThat(rig.service().arrivingBytes()).isBetween(800_000L, 801_000L));

    RawStream second = new RawStream().send(hello());
    frames(Pushes.of(2, 1, Payloads.ofBytes(2, 300_000))).forEach(second::send);
    second.send(parcel(parcel -> {}));
    eventually().untilAsserted(() -> assertThat(receiver.pushes()).hasSize(1));
    assertThat(receiver.drops())
        .containsExactly(
            new RecordingReceiver.Drop(
                DropReason.NO_ROOM, "no room for 300000 bytes from evil~00000000"));
    second.cancel();
    hog.cancel();
    eventually().untilAsserted(() -> assertThat(rig.service().arrivingBytes()).isZero());
  }

  @Test
  void streams_beyondAnAddressesShareAreRefused() throws Exception {
    List<RawStream> open = new ArrayList<>();
    for (int i = 0; i < LIMITS.streams() - 2; i++) {
      RawStream stream = new RawStream().send(hello());
      eventually().untilAsserted(() -> assertThat(stream.answers).hasSize(1));
      open.add(stream);
    }
    Status status = new RawStream().send(hello()).status();
    assertThat(status.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(status.getDescription()).isEqualTo("7 streams are open already, of 8");

    open.getFirst().cancel();
    eventually()
        .untilAsserted(() -> assertThat(rig.service().streams()).isEqualTo(LIMITS.streams() - 2));
    RawStream last = new RawStream().send(hello());
    eventually().untilAsserted(() -> assertThat(last.answers).hasSize(1));
    last.cancel();
    open.forEach(RawStream::cancel);
  }

  @Test
  void receiverThatThrows_endsThatStreamOnly() throws Exception {
    receiver.failOnce();
    Status status = new RawStream().send(hello()).send(parcel(parcel -> {})).status();
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
    for (int i = 0; i < 2 * LIMITS.streams(); i++) {
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
      for (PeerFrame frame : frames(Pushes.of(1, seed, Payloads.withSideInputs(seed, bytes)))) {
        stream.send(spoiled(frame.toByteArray(), random));
      }
      stream.halfClose();
      assertThat(stream.status()).as("seed %d", seed).isNotNull();
    }
    eventually().untilAsserted(() -> assertThat(rig.service().streams()).isEqualTo(1));
    assertThat(rig.service().arrivingBytes()).isZero();
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
