package io.baton.transport.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.IdCodec;
import io.baton.proto.codec.PushCodec;
import io.baton.proto.codec.Versions;
import io.baton.proto.v1.BodyPart;
import io.baton.proto.v1.Empty;
import io.baton.proto.v1.LinkGrpc;
import io.baton.proto.v1.Parcel;
import io.baton.proto.v1.PeerFrame;
import io.baton.proto.v1.PeerHello;
import io.baton.proto.v1.PeerReply;
import io.baton.proto.v1.PeerWelcome;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.session.model.StageRole;
import io.baton.transport.LaneKind;
import io.baton.transport.Payloads;
import io.baton.transport.grpc.Channels;
import io.baton.transport.grpc.Endpoint;
import io.baton.transport.grpc.KeepAlive;
import io.baton.transport.grpc.SenderLimits;
import io.baton.transport.payload.PayloadBytes;
import io.baton.transport.payload.PayloadTraffic;
import io.baton.transport.pinned.PoolUse;
import io.baton.transport.pinned.Slot;
import io.baton.transport.stream.StreamState;
import io.baton.transport.ucx.UcxHub;
import io.baton.transport.ucx.UcxWay;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.net.InetAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Pushes whose bytes come by UCX: those of a link, and those that are sent by hand, so that they
 * come when they should not or not as they should.
 */
@Timeout(60)
class UcxPushTest {

  private static final RelayId SENDER = new RelayId("relay-a", 1);
  private static final RelayId SELF = new RelayId("relay-b", 2);
  private static final PeerLimits LIMITS =
      new PeerLimits(
          8, 128 << 10, 4 << 20, 4 << 20, new SenderLimits(100, 1 << 20), Duration.ofSeconds(1));

  private final RecordingReceiver receiver = new RecordingReceiver();
  private PeerRig rig;
  private ByHand hand;

  @BeforeEach
  void open() throws Exception {
    rig = PeerRig.of(LaneKind.UCX, Endpoint.tcp("127.0.0.1", 0), LIMITS);
    rig.start(SELF, receiver, new ChunkReceiver(rig.receiverPool()));
    hand = new ByHand();
  }

  @AfterEach
  void close_leavesNothing() throws Exception {
    if (rig == null) {
      return;
    }
    if (hand != null) {
      hand.close();
    }
    eventually().until(() -> rig.receiverPool().usage().total().slots() == 0);
    eventually().until(() -> rig.senderPool().usage().total().slots() == 0);
    rig.close();
    eventually().untilAsserted(() -> assertThat(rig.held()).isEmpty());
  }

  private static ConditionFactory eventually() {
    return await().atMost(Duration.ofSeconds(20)).pollInterval(Duration.ofMillis(2));
  }

  /** A sender whose every word is the test's. */
  private final class ByHand implements StreamObserver<PeerReply> {
    private final CompletableFuture<PeerWelcome> welcome = new CompletableFuture<>();
    private final CompletableFuture<Status> end = new CompletableFuture<>();
    private final ManagedChannel channel;
    private final StreamObserver<PeerFrame> stream;
    private final UcxHub hub = PeerRig.hub("by-hand");
    private final UcxWay way;
    private long numbers = OutboundSteps.FIRST_NUMBER;

    ByHand() throws Exception {
      channel =
          Channels.open(
              rig.sending(),
              rig.endpoint(),
              InsecureChannelCredentials.create(),
              KeepAlive.DEFAULT);
      stream = LinkGrpc.newStub(channel).carry(this);
      stream.onNext(
          PeerFrame.newBuilder()
              .setHello(
                  PeerHello.newBuilder()
                      .setVersions(Versions.spoken())
                      .setFrom(IdCodec.toWire(SENDER))
                      .addLanes(io.baton.proto.v1.LaneKind.LANE_KIND_UCX))
              .build());
      PeerWelcome said = welcome.get(10, TimeUnit.SECONDS);
      assertThat(said.getLane()).isEqualTo(io.baton.proto.v1.LaneKind.LANE_KIND_UCX);
      way =
          hub.way(said.getData().getUcx().toByteArray(), InetAddress.getLoopbackAddress(), _ -> {});
      eventually().until(way::isReady);
    }

    private long key() {
      return welcome.join().getKey();
    }

    /** Says that the bytes of that push come next. */
    long announce(Push push) {
      long number = numbers++;
      say(head(number, push));
      return number;
    }

    Parcel.Builder head(long number, Push push) {
      return Parcel.newBuilder()
          .setNumber(number)
          .setStep(PushCodec.toWire(push))
          .setFollowing(Empty.getDefaultInstance());
    }

    void say(Parcel.Builder parcel) {
      assertThat(way.frame(key(), PeerFrame.newBuilder().setParcel(parcel).build())).isTrue();
    }

    void sendBytes(long number, Push push) {
      Slot slot =
          rig.senderPool().allocate(push.payload().bytes(), PoolUse.PUSH, "by hand").orElseThrow();
      PayloadBytes.write(push.payload(), slot.memory());
      assertThat(way.body(key(), number, slot)).isTrue();
      slot.release();
    }

    void send(Push push) {
      sendBytes(announce(push), push);
    }

    Status status() throws Exception {
      return end.get(10, TimeUnit.SECONDS);
    }

    @Override
    public void onNext(PeerReply reply) {
      if (reply.hasWelcome()) {
        welcome.complete(reply.getWelcome());
      }
    }

    @Override
    public void onError(Throwable cause) {
      end.complete(Status.fromThrowable(cause));
    }

    @Override
    public void onCompleted() {
      end.complete(Status.OK);
    }

    void close() throws Exception {
      way.close();
      hub.close();
      channel.shutdownNow();
      assertThat(channel.awaitTermination(5, TimeUnit.SECONDS)).isTrue();
    }
  }

  private static Push push(long number, int bytes) {
    return Pushes.of(1, number, Payloads.ofBytes(number, bytes));
  }

  private void assertDropped(DropReason... reasons) {
    eventually()
        .untilAsserted(
            () ->
                assertThat(receiver.drops())
                    .extracting(RecordingReceiver.Drop::reason)
                    .containsExactly(reasons));
  }

  private void awaitPushes(Push... pushes) {
    eventually()
        .untilAsserted(() -> assertThat(receiver.pushes()).containsExactlyInAnyOrder(pushes));
  }

  private PeerLink readyLink() {
    PeerLink link = rig.open(SENDER, 4 << 20, Links.NO_CHUNKS);
    eventually().until(() -> link.lane() == LaneKind.UCX);
    return link;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4096, 4097, 65537, 300_001, 2 << 20})
  void push_ofAnySize_goesByUcxWithItsSideInputs(int bytes) {
    try (PeerLink link = readyLink()) {
      Push push = Pushes.of(1, 1, Payloads.withSideInputs(bytes, bytes));
      assertThat(link.push(push, StageRole.ACTIVE)).isTrue();
      awaitPushes(push);
      assertThat(receiver.pushes().getFirst().payload().sideInputs())
          .isEqualTo(push.payload().sideInputs());
      assertThat(rig.sent().sent().snapshot().ucx().payloads()).isEqualTo(1);
      assertThat(rig.received().received().snapshot()).isEqualTo(rig.sent().sent().snapshot());
      assertThat(rig.sent().sent().snapshot().framed()).isEqualTo(PayloadTraffic.Way.NONE);
    }
  }

  @Test
  void push_whoseBytesAreLate_letsTheNextOvertake() {
    long late = hand.announce(push(1, 5000));
    hand.send(push(2, 5000));
    awaitPushes(push(2, 5000));
    hand.sendBytes(late, push(1, 5000));
    awaitPushes(push(1, 5000), push(2, 5000));
    assertThat(receiver.drops()).isEmpty();
  }

  @Test
  void fullPoolOfTheSender_sendsInFrames() {
    try (PeerLink link = readyLink()) {
      Slot taken = rig.senderPool().allocate(9 << 20, PoolUse.UNCLAIMED, "somebody").orElseThrow();
      assertThat(link.push(push(1, 2 << 20), StageRole.ACTIVE)).isTrue();
      awaitPushes(push(1, 2 << 20));
      assertThat(rig.sent().sent().snapshot().framed().payloads()).isEqualTo(1);
      assertThat(rig.sent().sent().snapshot().ucx().payloads()).isZero();
      taken.release();
    }
  }

  @Test
  void fullPoolOfTheReceiver_dropsThePushAndTheNextArrives() {
    Slot taken = rig.receiverPool().allocate(9 << 20, PoolUse.UNCLAIMED, "somebody").orElseThrow();
    hand.send(push(1, 2 << 20));
    assertDropped(DropReason.NO_ROOM);
    taken.release();
    hand.send(push(2, 2 << 20));
    awaitPushes(push(2, 2 << 20));
    assertDropped(DropReason.NO_ROOM);
  }

  @Test
  void noRoomForTheCopy_dropsThePush() {
    Push hog = push(1, 2 << 20);
    Push next = push(2, 2 << 20);
    // On the stream, so that its part does not come first.
    long number = hand.numbers++;
    hand.stream.onNext(PeerFrame.newBuilder().setParcel(hand.head(number, hog)).build());
    ByteString most = new PayloadBytes(hog.payload()).take((2 << 20) - 1);
    hand.stream.onNext(
        PeerFrame.newBuilder()
            .setBody(BodyPart.newBuilder().setNumber(number).setData(most))
            .build());
    eventually().until(() -> rig.service().arrivingBytes() > 1 << 20);
    hand.send(next);
    eventually().until(() -> !receiver.pushes().isEmpty() || !receiver.drops().isEmpty());
    assertThat(receiver.pushes()).isEmpty();
    assertThat(receiver.drops().getFirst().reason()).isEqualTo(DropReason.NO_ROOM);
  }

  @Test
  void body_thatNeverComes_endsTheStream() throws Exception {
    hand.announce(push(1, 5000));
    Status status = hand.status();
    assertThat(status.getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(status.getDescription()).isEqualTo("the rest of a push did not come");
    assertDropped(DropReason.CUT_OFF);
    assertThat(rig.service().arrivingBytes()).isZero();
  }

  /** Bodies go one after the other, and those of chunks may be large. */
  @Test
  void body_thatComesAfterManyOthers_isNotGivenUp() {
    long late = hand.announce(push(1, 5000));
    long until = System.nanoTime() + 2 * LIMITS.patience().toNanos();
    AtomicInteger sent = new AtomicInteger(1);
    await()
        .pollInterval(LIMITS.patience().dividedBy(10))
        .until(
            () -> {
              hand.send(push(sent.incrementAndGet(), 5000));
              return System.nanoTime() - until > 0;
            });
    hand.sendBytes(late, push(1, 5000));
    eventually().until(() -> receiver.pushes().size() == sent.get());
    assertThat(receiver.pushes()).contains(push(1, 5000));
    assertThat(receiver.drops()).isEmpty();
  }

  @Test
  void bytesOfAnotherPush_areAMismatchAndTheStreamGoesOn() {
    hand.sendBytes(hand.announce(push(1, 5000)), push(2, 5000));
    assertDropped(DropReason.DIGEST_MISMATCH);
    hand.send(push(3, 5000));
    awaitPushes(push(3, 5000));
  }

  @Test
  void bytesOfAnotherNumber_areMalformed() throws Exception {
    hand.sendBytes(hand.announce(push(1, 5000)), push(2, 5001));
    Status status = hand.status();
    assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertThat(status.getDescription()).isEqualTo("a body of 5001 bytes where 5000 were announced");
    assertDropped(DropReason.MALFORMED, DropReason.CUT_OFF);
  }

  @Test
  void body_ofNoPushOrOnceMore_isLetGo() {
    hand.sendBytes(OutboundSteps.FIRST_NUMBER + 77, push(1, 5000));
    hand.sendBytes(4711, push(1, 5000));
    long number = hand.announce(push(2, 5000));
    hand.sendBytes(number, push(2, 5000));
    hand.sendBytes(number, push(2, 5000));
    hand.send(push(3, 5000));
    awaitPushes(push(2, 5000), push(3, 5000));
    assertThat(receiver.drops()).isEmpty();
  }

  @Test
  void parts_ofAPushThatHasCome_arePassedOver() {
    long number = hand.announce(push(1, 400_000));
    hand.sendBytes(number, push(1, 400_000));
    awaitPushes(push(1, 400_000));
    hand.stream.onNext(
        PeerFrame.newBuilder()
            .setBody(
                BodyPart.newBuilder().setNumber(number).setData(ByteString.copyFromUtf8("late")))
            .build());
    hand.send(push(2, 5000));
    awaitPushes(push(1, 400_000), push(2, 5000));
    assertThat(receiver.drops()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {5000, 400_000})
  void receiverThatThrows_endsTheStream(int bytes) throws Exception {
    receiver.failOnce();
    hand.send(push(1, bytes));
    assertThat(hand.status().getCode()).isEqualTo(Status.Code.INTERNAL);
    assertDropped(DropReason.RECEIVER_FAILED);
  }

  @Test
  void streamThatEnds_whileABodyIsAwaited_dropsIt() {
    hand.announce(push(1, 100_000));
    hand.send(push(2, 5000));
    awaitPushes(push(2, 5000));
    hand.stream.onCompleted();
    assertDropped(DropReason.CUT_OFF);
    assertThat(rig.service().arrivingBytes()).isZero();
  }

  @Test
  void frameBesideTheStream_thatIsNone_isMalformed() throws Exception {
    hand.say(Parcel.newBuilder().setNumber(1));
    Status status = hand.status();
    assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    assertDropped(DropReason.MALFORMED);
  }

  @Test
  void receiver_thatLosesUcx_getsThemByGrpcOnTheNextConnection() {
    try (PeerLink link = readyLink()) {
      assertThat(link.push(push(1, 5000), StageRole.ACTIVE)).isTrue();
      awaitPushes(push(1, 5000));
      rig.receiverUcx().orElseThrow().close();
      eventually().until(() -> link.stats().reconnects() > 0);
      eventually().until(() -> link.state() == StreamState.READY);
      assertThat(link.lane()).isEqualTo(LaneKind.GRPC);
      assertThat(link.trouble().orElseThrow()).contains("has no UCX");
      assertThat(link.push(push(2, 5000), StageRole.ACTIVE)).isTrue();
      awaitPushes(push(1, 5000), push(2, 5000));
      assertThat(rig.sent().sent().snapshot().framed().payloads()).isEqualTo(1);
    }
  }
}
