package io.baton.relay.hostile;

import static io.baton.relay.hostile.Frames.frame;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.baton.proto.v1.BodyPart;
import io.baton.proto.v1.BulkFrame;
import io.baton.proto.v1.BulkHello;
import io.baton.proto.v1.Empty;
import io.baton.proto.v1.Parcel;
import io.baton.proto.v1.PeerReply;
import io.baton.proto.v1.RelayIdentity;
import io.grpc.Status;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a peer may do wrong on the stream for large bodies beside its link. */
@Timeout(60)
class BadBulkInputTest {

  private static final String GROUP = "bulk";

  /** For what the relay waits for, and a slow machine. */
  private static final Duration OVERDUE = Duration.ofSeconds(25);

  @TempDir private Path directory;
  private HostileRig rig;
  private RawStream<PeerReply> link;
  private long key;

  @BeforeEach
  void open() throws Exception {
    rig = new HostileRig(directory);
    RelayIdentity.Builder peer = RelayIdentity.newBuilder().setName("peer").setIncarnation(77);
    link = rig.link().send(frame(Frames.peerHello().setFrom(peer)));
    key = link.next(PeerReply::hasWelcome).getWelcome().getBulkKey();
  }

  @AfterEach
  void close_leavesNothing() throws Exception {
    link.close();
    rig.assertServes();
    rig.assertNobodyLeft();
    rig.close();
  }

  private static BulkFrame hello(long key) {
    return BulkFrame.newBuilder().setHello(BulkHello.newBuilder().setKey(key)).build();
  }

  private static BulkFrame part(long number, long offset, int bytes) {
    return BulkFrame.newBuilder()
        .setBody(
            BodyPart.newBuilder()
                .setNumber(number)
                .setOffset(offset)
                .setData(ByteString.copyFrom(new byte[bytes])))
        .build();
  }

  private static void assertEnds(RawStream<?> stream, Status.Code code, String why)
      throws Exception {
    Status status = stream.endedWithin(OVERDUE);
    assertThat(status.getCode()).isEqualTo(code);
    assertThat(status.getDescription()).contains(why);
  }

  /** The link goes on: what is offered on it is answered. */
  private void assertLinkGoesOn() throws Exception {
    link.send(frame(Frames.offer(5, GROUP, "small", Long.MAX_VALUE)));
    link.next(reply -> reply.getRefused().getNumber() == 5);
  }

  @Test
  void body_onTheStreamOfItsLink_isTaken() throws Exception {
    link.send(frame(Frames.offer(1, GROUP, "one", 300_000)));
    link.next(PeerReply::hasGranted);
    try (RawStream<Empty> bulk = rig.bulk().send(hello(key))) {
      bulk.send(part(1, 0, 200_000)).send(part(1, 200_000, 100_000));
      link.next(reply -> reply.getTaken().getNumber() == 1);
      assertThat(rig.take(GROUP, "one")).isEqualTo(ByteString.copyFrom(new byte[300_000]));
    }
  }

  @Test
  void hello_ofNoLink_isRefused() throws Exception {
    assertEnds(rig.bulk().send(hello(key + 1)), Status.Code.FAILED_PRECONDITION, "no link");
    assertEnds(rig.bulk().send(hello(0)), Status.Code.FAILED_PRECONDITION, "no link");
    assertLinkGoesOn();
  }

  @Test
  void hello_ofALinkThatHasItsStream_isRefused() throws Exception {
    try (RawStream<Empty> first = rig.bulk().send(hello(key))) {
      // It is heard when this is.
      link.send(frame(Frames.offer(1, GROUP, "one", 100)));
      link.next(PeerReply::hasGranted);
      first.send(part(1, 0, 100));
      link.next(PeerReply::hasTaken);
      assertEnds(rig.bulk().send(hello(key)), Status.Code.FAILED_PRECONDITION, "already");
      assertLinkGoesOn();
      assertThat(rig.take(GROUP, "one").size()).isEqualTo(100);
    }
  }

  @Test
  void firstFrame_thatIsNoHello_isRefused() throws Exception {
    assertEnds(rig.bulk().send(part(1, 0, 10)), Status.Code.INVALID_ARGUMENT, "hello");
    assertEnds(
        rig.bulk().send(BulkFrame.getDefaultInstance()), Status.Code.INVALID_ARGUMENT, "hello");
    assertLinkGoesOn();
  }

  @Test
  void streams_onWhichNothingComes_areEndedAndCountUntilThen() throws Exception {
    List<RawStream<Empty>> silent = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      silent.add(rig.bulk());
    }
    assertEnds(silent.getLast(), Status.Code.RESOURCE_EXHAUSTED, "too many streams");
    assertEnds(silent.getFirst(), Status.Code.DEADLINE_EXCEEDED, "a hello did not come");
    for (RawStream<Empty> stream : silent) {
      var _ = stream.endedWithin(OVERDUE);
    }
    assertLinkGoesOn();
  }

  @Test
  void frames_thatCannotBe_endTheLinkAsWell() throws Exception {
    try (RawStream<Empty> bulk = rig.bulk().send(hello(key)).send(hello(key))) {
      assertEnds(bulk, Status.Code.INVALID_ARGUMENT, "hello: comes twice");
      assertEnds(link, Status.Code.ABORTED, "comes twice");
    }
  }

  @Test
  void parcel_thatCannotBe_endsTheLinkAsWell() throws Exception {
    BulkFrame nothing = BulkFrame.newBuilder().setParcel(Parcel.getDefaultInstance()).build();
    try (RawStream<Empty> bulk = rig.bulk().send(hello(key)).send(nothing)) {
      assertEnds(link, Status.Code.INVALID_ARGUMENT, "parcel.head: missing");
      assertEnds(bulk, Status.Code.UNAVAILABLE, "the link has ended");
    }
  }

  @Test
  void stream_thatEnds_takesItsLinkWithIt() throws Exception {
    RawStream<Empty> bulk = rig.bulk().send(hello(key));
    link.send(frame(Frames.offer(1, GROUP, "one", 100)));
    link.next(PeerReply::hasGranted);
    bulk.send(part(1, 0, 50)).complete();
    assertEnds(link, Status.Code.ABORTED, "the stream of bodies");
    bulk.close();
  }

  @Test
  void link_thatEnds_takesItsStreamWithIt() throws Exception {
    try (RawStream<Empty> bulk = rig.bulk().send(hello(key))) {
      link.send(frame(Frames.offer(1, GROUP, "one", 100)));
      link.next(PeerReply::hasGranted);
      bulk.send(part(1, 0, 100));
      link.next(PeerReply::hasTaken);
      link.complete();
      assertEnds(bulk, Status.Code.UNAVAILABLE, "the link has ended");
      assertThat(rig.take(GROUP, "one").size()).isEqualTo(100);
    }
  }
}
