package io.baton.relay.hostile;

import static io.baton.relay.hostile.SessionFrames.announced;
import static io.baton.relay.hostile.SessionFrames.close;
import static io.baton.relay.hostile.SessionFrames.frame;
import static io.baton.relay.hostile.SessionFrames.heartbeat;
import static io.baton.relay.hostile.SessionFrames.number;
import static io.baton.relay.hostile.SessionFrames.open;
import static io.baton.relay.hostile.SessionFrames.payload;
import static io.baton.relay.hostile.SessionFrames.pushHello;
import static io.baton.relay.hostile.SessionFrames.pushed;
import static io.baton.relay.hostile.SessionFrames.step;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.TensorCodec;
import io.baton.proto.v1.Chunk;
import io.baton.proto.v1.ClientFrame;
import io.baton.proto.v1.PayloadHeader;
import io.baton.proto.v1.PeerReply;
import io.baton.proto.v1.ProcessReply;
import io.baton.proto.v1.RefusalReason;
import io.baton.proto.v1.SideInput;
import io.baton.proto.v1.StageFrame;
import io.baton.relay.RelayConfig;
import io.baton.session.model.DType;
import io.baton.session.model.TensorSpec;
import io.grpc.Status;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Announcements of much, of which little comes. */
@Timeout(120)
class AnnouncedPayloadsTest {

  private static final int MIB = 1 << 20;

  /** Of a token: 32 KiB. */
  private static final int WIDTH = 4096;

  /** Of 64 MiB. */
  private static final int ROWS = 2048;

  private static final RelayConfig.Limits LIMITS =
      RelayConfig.Limits.DEFAULT.withPayloadBytes(80L * MIB).withLease(Duration.ofSeconds(3));

  @TempDir private Path directory;
  private final EchoExecutor executor = new EchoExecutor(WIDTH);
  private HostileRig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new HostileRig(directory, LIMITS);
    rig.relay().attach(executor);
  }

  @AfterEach
  void stop() {
    rig.assertNothingLeft();
    rig.close();
  }

  private RawStream<StageFrame> opened(long session) throws Exception {
    return rig.opened(open(session, "client"));
  }

  private static ClientFrame chunk(int index, int bytes) {
    return ClientFrame.newBuilder()
        .setChunk(Chunk.newBuilder().setDataId(5).setIndex(index).setData(Frames.zeros(bytes)))
        .build();
  }

  private long arriving() {
    return rig.status().getSessions().getArrivingBytes();
  }

  /** All that was sent before has been read by the relay when this is answered. */
  private static void assertRead(RawStream<StageFrame> stream) {
    assertThat(stream.isOver()).isFalse();
  }

  @Test
  void announcement_ofMuch_takesNothingUntilItComes() throws Exception {
    RawStream<StageFrame> stream = opened(1);
    stream.send(frame(step(1, 0, ROWS, announced(executor.row(), ROWS, 64))));
    stream.send(chunk(0, 1000));
    await().until(() -> arriving() > 0);
    assertThat(arriving()).isLessThanOrEqualTo(64 << 10);
    for (int i = 1; i < 8; i++) {
      stream.send(chunk(i, MIB));
    }
    await().until(() -> arriving() >= 7L * MIB);
    assertThat(arriving()).isLessThanOrEqualTo(16L * MIB);
    assertRead(stream);
    stream.close();
    await().until(() -> arriving() == 0);
    rig.session().send(frame(open(1, "client").setEpoch(2))).send(close()).ended();
  }

  @Test
  void announcement_thatTheStageDoesNotTake_isReadAndCostsNothing() throws Exception {
    TensorSpec wrong = TensorSpec.of(DType.I64, 1, WIDTH + 1);
    PayloadHeader.Builder side =
        announced(executor.row(), 1, 2)
            .addSideInputs(
                SideInput.newBuilder()
                    .setName("side")
                    .setSpec(TensorCodec.toWire(TensorSpec.of(DType.U8, 5 * MIB))));
    for (PayloadHeader.Builder header :
        List.of(announced(wrong, ROWS, 2), announced(executor.row(), ROWS - 1, 2), side)) {
      int count = header.getSideInputsCount() > 0 ? 1 : ROWS;
      RawStream<StageFrame> stream = opened(1);
      stream.send(frame(step(1, 0, count, header))).send(chunk(0, MIB));
      assertThatThrownBy(() -> await().atMost(Duration.ofMillis(500)).until(() -> arriving() > 0))
          .as("nothing is taken for what comes")
          .isInstanceOf(ConditionTimeoutException.class);
      assertRead(stream);
      stream.send(frame(step(2, 0, 1, payload(executor.row(), 1))));
      // Another frame within a payload ends the stream; until there no byte was set aside.
      assertThat(stream.ended().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
      assertThat(arriving()).isZero();
      rig.session().send(frame(open(1, "client").setEpoch(2))).send(close()).ended();
    }
  }

  @Test
  void push_withoutATicket_costsNothing() throws Exception {
    RawStream<StageFrame> stream = rig.session().send(frame(open(1, "client")));
    ByteString ticket = stream.next(StageFrame::hasOpened).getOpened().getPushTicket();
    ByteString forged = ByteString.copyFrom(new byte[ticket.size()]);
    try (RawStream<PeerReply> peer = rig.link().send(pushHello())) {
      peer.next(PeerReply::hasWelcome);
      peer.send(pushed(1, forged, 1, 0, ROWS, announced(executor.row(), ROWS, 64)));
      for (int i = 0; i < 8; i++) {
        peer.send(Frames.body(number(1, 1), (long) i * MIB, Frames.zeros(MIB)));
      }
      await().until(() -> dropped("bad_ticket") == 1);
      assertThat(arriving()).isZero();
    }
    try (RawStream<PeerReply> peer = rig.link().send(pushHello())) {
      peer.next(PeerReply::hasWelcome);
      peer.send(pushed(2, ticket, 1, 0, 1, payload(executor.row(), 1)));
      await().until(() -> dropped("unknown_session") == 1);
      peer.send(pushed(1, ticket, 1, 0, 1, payload(executor.row(), 2)));
      await().until(() -> dropped("bad_tensor") == 1);
      // And the one that may is taken.
      peer.send(pushed(1, ticket, 1, 0, 1, payload(executor.row(), 1)));
      stream.next(StageFrame::hasOutput);
    }
    assertThat(stream.send(close()).ended()).matches(Status::isOk);
  }

  private long dropped(String reason) {
    return rig.status().getPushes().getDroppedOrDefault(reason, 0);
  }

  @Test
  void payloads_ofAGreedyClient_leaveRoomForOthers() throws Exception {
    List<RawStream<StageFrame>> greedy = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      RawStream<StageFrame> stream = opened(i);
      greedy.add(stream);
      stream.send(frame(step(1, 0, ROWS, announced(executor.row(), ROWS, 64))));
      for (int k = 0; k < 63; k++) {
        stream.send(chunk(k, MIB));
      }
    }
    await()
        .during(Duration.ofSeconds(1))
        .atMost(30, TimeUnit.SECONDS)
        .until(() -> arriving() <= 64L * MIB);
    greedy.forEach(RawStream::close);
    await().until(() -> arriving() == 0);
    for (int i = 0; i < 3; i++) {
      rig.session().send(frame(open(i, "client").setEpoch(2))).send(close()).ended();
    }
  }

  @Test
  void lease_thatEndsWithinAPayload_givesItsBytesBack() throws Exception {
    RawStream<StageFrame> stream = opened(1);
    stream.send(frame(step(1, 0, ROWS, announced(executor.row(), ROWS, 64))));
    stream.send(chunk(0, MIB));
    await().until(() -> arriving() > 0);
    assertThat(stream.next(StageFrame::hasRefused).getRefused().getReason())
        .isEqualTo(RefusalReason.REFUSAL_REASON_NO_SESSION);
    await().until(() -> arriving() == 0);
    assertThat(stream.isOver()).isFalse();
    stream.close();
  }

  /** Ten seconds are long for a test, so that one waits for all. */
  @Test
  void streams_onWhichNothingComes_areEnded() throws Exception {
    RawStream<StageFrame> session = rig.session();
    RawStream<ProcessReply> stage = rig.executor();
    RawStream<ProcessReply> process = rig.sidecar();
    RawStream<PeerReply> link = rig.link();
    RawStream<StageFrame> refused = rig.session().send(frame(open(7, "client").setModelId("none")));
    RawStream<StageFrame> stalled = opened(1);
    stalled.send(frame(step(1, 0, ROWS, announced(executor.row(), ROWS, 64))));
    stalled.send(chunk(0, MIB));
    RawStream<StageFrame> well = opened(2);
    for (RawStream<?> silent : List.of(session, stage, process, link, refused, stalled)) {
      await()
          .atMost(Duration.ofSeconds(30))
          .until(
              () -> {
                well.send(heartbeat());
                return silent.isOver();
              });
      assertThat(silent.ended().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
      assertThat(silent.ended().getDescription()).contains("did not come");
    }
    assertThat(well.send(close()).ended()).matches(Status::isOk);
  }
}
