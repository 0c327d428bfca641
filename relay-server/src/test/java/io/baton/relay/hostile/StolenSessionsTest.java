package io.baton.relay.hostile;

import static io.baton.relay.hostile.SessionFrames.close;
import static io.baton.relay.hostile.SessionFrames.frame;
import static io.baton.relay.hostile.SessionFrames.heartbeat;
import static io.baton.relay.hostile.SessionFrames.open;
import static io.baton.relay.hostile.SessionFrames.payload;
import static io.baton.relay.hostile.SessionFrames.step;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.baton.proto.v1.Open;
import io.baton.proto.v1.RefusalReason;
import io.baton.proto.v1.Refused;
import io.baton.proto.v1.StageFrame;
import io.baton.relay.RelayConfig;
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
import org.slf4j.LoggerFactory;

/** Clients that want what is another's, or more than there is for one. */
@Timeout(60)
class StolenSessionsTest {

  private static final RelayConfig.Limits LIMITS =
      RelayConfig.Limits.DEFAULT.withSessions(10).withIdle(Duration.ofMillis(1500));

  @TempDir private Path directory;
  private final EchoExecutor executor = new EchoExecutor(4);
  private HostileRig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new HostileRig(directory, LIMITS);
    rig.relay().attach(executor);
  }

  @AfterEach
  void stop() {
    executor.goOn();
    rig.assertNothingLeft();
    rig.close();
  }

  private Refused refused(Open.Builder open) throws Exception {
    try (RawStream<StageFrame> stream = rig.session().send(frame(open))) {
      return stream.next(StageFrame::hasRefused).getRefused();
    }
  }

  private void stepsOn(RawStream<StageFrame> stream, int number) throws Exception {
    stream.send(frame(step(number, number - 1, 1, payload(executor.row(), 1))));
    assertThat(stream.next(StageFrame::hasOutput).getOutput().getStep()).isEqualTo(number);
  }

  private static void ends(RawStream<StageFrame> stream) throws Exception {
    assertThat(stream.send(close()).ended()).matches(Status::isOk);
  }

  @Test
  void open_anothersSessionInAnyEpoch_changesNothing() throws Exception {
    RawStream<StageFrame> owner = rig.opened(open(1, "owner"));
    stepsOn(owner, 1);

    for (long epoch : new long[] {1, 2, Long.MAX_VALUE}) {
      Refused refused = refused(open(1, "thief").setEpoch(epoch));
      assertThat(refused.getReason()).isEqualTo(RefusalReason.REFUSAL_REASON_NO_SESSION);
      assertThat(refused.getEpoch()).isEqualTo(epoch);
      assertThat(refused.getCurrentLength()).isZero();
    }
    // Not even whether it is open on these terms.
    assertThat(refused(open(1, "thief").setMaxLength(7)).getReason())
        .isEqualTo(RefusalReason.REFUSAL_REASON_NO_SESSION);

    assertThat(owner.isOver()).isFalse();
    stepsOn(owner, 2);
    ends(owner);
  }

  @Test
  void open_whileTheRelayIsFullOrDraining_tellsAThiefWhatItTellsEverybody() throws Exception {
    List<RawStream<StageFrame>> owners = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      owners.add(rig.opened(open(i, "owner")));
    }
    assertThat(refused(open(0, "thief"))).isEqualTo(refused(open(99, "thief")));
    Thread drain = Thread.ofVirtual().start(() -> drain());
    owners.getFirst().next(StageFrame::hasDraining);
    assertThat(refused(open(0, "thief"))).isEqualTo(refused(open(99, "thief")));
    for (RawStream<StageFrame> owner : owners) {
      ends(owner);
    }
    drain.join();
  }

  private void drain() {
    try {
      rig.relay().drain(Duration.ofSeconds(30));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void open_onASecondStreamByItsOwner_leavesTheFirstWithoutAWord() throws Exception {
    RawStream<StageFrame> first = rig.opened(open(1, "owner"));
    RawStream<StageFrame> second = rig.opened(open(1, "owner").setEpoch(2));
    // What is still under way on the first is not for the session that the second has.
    first.send(heartbeat()).send(close());
    assertThat(first.ended()).matches(Status::isOk);
    second.send(frame(step(1, 0, 1, payload(executor.row(), 1)).setEpoch(2)));
    second.next(StageFrame::hasOutput);
    ends(second);
  }

  @Test
  void open_anotherSessionOnAStream_isMalformed() throws Exception {
    RawStream<StageFrame> stream = rig.opened(open(1, "owner"));
    stream.send(frame(open(2, "owner")));
    assertThat(stream.ended().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
    ends(rig.opened(open(1, "owner").setEpoch(2)));

    // Nor after it was refused the first.
    RawStream<StageFrame> other = rig.session().send(frame(open(3, "owner").setModelId("none")));
    other.next(StageFrame::hasRefused);
    other.send(frame(open(4, "owner")));
    assertThat(other.ended().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
  }

  @Test
  void open_moreThanAClientsShare_isRefusedAndLeavesRoomForOthers() throws Exception {
    List<RawStream<StageFrame>> greedy = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      greedy.add(rig.opened(open(i, "greedy")));
    }
    Refused refused = refused(open(8, "greedy"));
    assertThat(refused.getReason()).isEqualTo(RefusalReason.REFUSAL_REASON_NO_ROOM);
    assertThat(refused.getMessage()).contains("of one client");
    for (RawStream<StageFrame> stream : greedy) {
      ends(stream);
    }
  }

  @Test
  void heartbeat_withoutSteps_doesNotKeepASessionForEver() throws Exception {
    RawStream<StageFrame> stream = rig.opened(open(1, "idler"));
    await()
        .pollInterval(Duration.ofMillis(100))
        .atMost(RawStream.PATIENCE)
        .until(
            () -> {
              stream.send(heartbeat());
              return rig.status().getSessions().getOpen() == 0;
            });
    Refused refused = stream.next(StageFrame::hasRefused).getRefused();
    assertThat(refused.getReason()).isEqualTo(RefusalReason.REFUSAL_REASON_NO_SESSION);
    assertThat(refused.getMessage()).contains("no step came");
    stream.complete();
  }

  @Test
  void idsAndTickets_areInNoStatusAndNoLog() throws Exception {
    Logger root = (Logger) LoggerFactory.getLogger("io.baton");
    Level before = root.getLevel();
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    root.addAppender(log);
    root.setLevel(Level.TRACE);
    try {
      RawStream<StageFrame> owner = rig.session().send(frame(open(0x1234567890abcdefL, "owner")));
      String ticket =
          java.util.HexFormat.of()
              .formatHex(
                  owner.next(StageFrame::hasOpened).getOpened().getPushTicket().toByteArray());
      stepsOn(owner, 1);
      executor.hold();
      owner.send(frame(step(2, 1, 1, payload(executor.row(), 1))));
      String status = rig.status().toString();
      executor.goOn();
      refused(open(0x1234567890abcdefL, "thief"));
      ends(owner);
      List<String> said = new ArrayList<>(log.list.stream().map(Object::toString).toList());
      said.add(status);
      assertThat(said)
          .allSatisfy(
              text ->
                  assertThat(text.toLowerCase(java.util.Locale.ROOT))
                      .doesNotContain("1234567890abcdef")
                      .doesNotContain("feedfacecafebeef")
                      .doesNotContain(ticket)
                      .doesNotContain("secret of"));
      assertThat(log.list).isNotEmpty();
    } finally {
      root.detachAppender(log);
      root.setLevel(before);
    }
  }
}
