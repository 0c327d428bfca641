package io.baton.relay.hostile;

import static io.baton.relay.hostile.SessionFrames.close;
import static io.baton.relay.hostile.SessionFrames.frame;
import static io.baton.relay.hostile.SessionFrames.open;
import static io.baton.relay.hostile.SessionFrames.payload;
import static io.baton.relay.hostile.SessionFrames.pushHello;
import static io.baton.relay.hostile.SessionFrames.pushed;
import static io.baton.relay.hostile.SessionFrames.step;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.baton.proto.v1.Peer;
import io.baton.proto.v1.PeerReply;
import io.baton.proto.v1.RefusalReason;
import io.baton.proto.v1.SessionsStatus;
import io.baton.proto.v1.StageFrame;
import io.baton.relay.RelayConfig;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.Collections;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients and peers that make a relay keep as much as they can. */
@Timeout(60)
class HeldMemoryTest {

  private static final long BYTES = 4 << 20;

  @TempDir private Path directory;
  private final EchoExecutor executor = new EchoExecutor(1024);
  private HostileRig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new HostileRig(directory, RelayConfig.Limits.DEFAULT.withSessionBytes(BYTES));
    rig.relay().attach(executor);
    executor.hold();
  }

  @AfterEach
  void stop() {
    executor.goOn();
    rig.assertNothingLeft();
    rig.close();
  }

  private RawStream<StageFrame> opened(long session) throws Exception {
    return rig.opened(open(session, "client"));
  }

  private SessionsStatus sessions() {
    return rig.status().getSessions();
  }

  private void assertRefusedWithinTheBound(RawStream<StageFrame> stream) throws Exception {
    assertThat(stream.next(StageFrame::hasRefused).getRefused().getReason())
        .isEqualTo(RefusalReason.REFUSAL_REASON_NO_ROOM);
    assertThat(sessions().getMaxBytes()).isEqualTo(BYTES);
    // Of a client that is alone, four fifths.
    assertThat(sessions().getReservedBytes()).isBetween(BYTES / 2, BYTES * 4 / 5);
  }

  @Test
  void stepsOfManySessions_areRefusedWhenTheirSumIsTooMuch() throws Exception {
    RawStream<StageFrame> last = opened(0);
    for (int session = 1; session <= 8; session++) {
      last = opened(session);
      for (int i = 0; i < 8; i++) {
        last.send(frame(step(i + 1, 8 * i, 8, payload(executor.row(), 8))));
      }
    }
    assertRefusedWithinTheBound(last);
    end(8);
  }

  private void end(int sessions) throws Exception {
    executor.goOn();
    for (int session = 0; session <= sessions; session++) {
      rig.session().send(frame(open(session, "client").setEpoch(2))).send(close()).ended();
    }
  }

  @Test
  void routesOfWaitingSteps_countAsWell() throws Exception {
    RawStream<StageFrame> stream = opened(1);
    Peer peer =
        Peer.newBuilder()
            .setIdentity(SessionFrames.PEER)
            .setAddress("127.0.0.1:1")
            .setTicket(ByteString.copyFrom(new byte[512]))
            .build();
    for (int i = 0; i < 12; i++) {
      stream.send(
          frame(
              step(i + 1, i, 1, payload(executor.row(), 1))
                  .addAllNextPeers(Collections.nCopies(1000, peer))));
    }
    assertRefusedWithinTheBound(stream);
    end(1);
  }

  @Test
  void pushesOfALaterEpoch_fillAPartAndAreShedBeyondIt() throws Exception {
    RawStream<PeerReply> peer = rig.link().send(pushHello());
    peer.next(PeerReply::hasWelcome);
    for (int session = 1; session <= 16; session++) {
      ByteString ticket =
          rig.session()
              .send(frame(open(session, "client")))
              .next(StageFrame::hasOpened)
              .getOpened()
              .getPushTicket();
      for (int i = 0; i < 8; i++) {
        var push = pushed(session, ticket, i + 1, 8 * i, 8, payload(executor.row(), 8)).toBuilder();
        push.getParcelBuilder().getStepBuilder().setEpoch(99);
        peer.send(push.build());
      }
    }
    await()
        .untilAsserted(
            () ->
                assertThat(rig.status().getPushes().getDroppedOrDefault("no_room", 0))
                    .isPositive());
    assertThat(sessions().getReservedBytes()).isLessThanOrEqualTo(BYTES / 2);
    // There is room for a client.
    RawStream<StageFrame> stream = opened(99);
    executor.goOn();
    stream.send(frame(step(1, 0, 8, payload(executor.row(), 8))));
    stream.next(StageFrame::hasOutput);
    assertThat(stream.send(close()).ended()).matches(Status::isOk);
    peer.complete();
    end(16);
  }

  @Test
  void sessionsThatEndWhileTheyAreComputed_keepTheirShareUntilThen() throws Exception {
    for (int session = 1; session <= 64; session++) {
      RawStream<StageFrame> stream = opened(session);
      stream.send(frame(step(1, 0, 8, payload(executor.row(), 8))));
      assertThat(stream.send(close()).ended()).matches(Status::isOk);
    }
    assertThat(sessions().getOpen()).isZero();
    assertThat(sessions().getReservedBytes()).isBetween(1L << 20, BYTES);
  }
}
