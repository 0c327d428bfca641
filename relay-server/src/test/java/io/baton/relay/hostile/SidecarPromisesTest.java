package io.baton.relay.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.baton.proto.v1.Cancel;
import io.baton.proto.v1.Failure;
import io.baton.proto.v1.FailureReason;
import io.baton.proto.v1.GroupCopy;
import io.baton.proto.v1.Join;
import io.baton.proto.v1.LetGo;
import io.baton.proto.v1.PartWritten;
import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.ProcessReply;
import io.baton.proto.v1.SlotHandle;
import io.baton.proto.v1.Unregister;
import io.baton.transport.pinned.PoolUsage;
import io.baton.transport.pinned.PoolUse;
import io.grpc.Status;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What a process may rely on when what it asks for does not come about, frame by frame. */
class SidecarPromisesTest extends HostileTest {

  private static Failure failure(RawStream<ProcessReply> stream, long request) throws Exception {
    return stream
        .next(reply -> reply.hasFailed() && reply.getFailed().getRequest() == request)
        .getFailed()
        .getFailure();
  }

  private static SlotHandle allocated(RawStream<ProcessReply> stream, long request, long bytes)
      throws Exception {
    stream.send(Frames.frame(Frames.allocate(request, 1, bytes, GROUP)));
    return stream
        .next(reply -> reply.getAllocated().getRequest() == request)
        .getAllocated()
        .getSlot();
  }

  private static ProcessFrame unregister(long registration) {
    return ProcessFrame.newBuilder()
        .setUnregister(Unregister.newBuilder().setRegistration(registration))
        .build();
  }

  private static ProcessFrame cancel(long request) {
    return ProcessFrame.newBuilder().setCancel(Cancel.newBuilder().setRequest(request)).build();
  }

  private static ProcessFrame join(
      long request, long registration, String id, long bytes, Duration timeout) {
    return ProcessFrame.newBuilder()
        .setJoin(
            Join.newBuilder()
                .setRequest(request)
                .setRegistration(registration)
                .setChunk(Frames.chunk(GROUP, id, bytes))
                .setTimeoutNanos(timeout.toNanos()))
        .build();
  }

  /** Members 0 and 1 of one sending group, as registrations 10 and 11 of this process. */
  private static void registerPair(RawStream<ProcessReply> stream) throws Exception {
    for (int rank = 0; rank < 2; rank++) {
      int number = 10 + rank;
      stream.send(
          Frames.frame(
              Frames.sender(number, number, "pair")
                  .setRank(rank)
                  .addMembers(1)
                  .setCopy(GroupCopy.GROUP_COPY_SHARDED)));
      stream.next(reply -> reply.getRegistered().getRequest() == number);
    }
  }

  // ---- names

  /** A name that is taken is not a chunk that is there, and not taken for ever. */
  @Test
  void sender_ofANameThatAnotherHas_isToldWhoHasIt_andSendsWhenItIsFree() throws Exception {
    try (RawStream<ProcessReply> second = rig.process(GROUP)) {
      try (RawStream<ProcessReply> first = rig.process(GROUP)) {
        first.send(Frames.frame(Frames.sender(3, 3, "one name")));
        first.next(reply -> reply.getRegistered().getRequest() == 3);
        second.send(Frames.frame(Frames.sender(3, 3, "one name")));
        assertTaken(failure(second, 3));
        second.send(Frames.frame(Frames.allocate(4, 3, 100, GROUP)));
        assertTaken(failure(second, 4));
        second.send(sending(5, "a"));
        assertTaken(failure(second, 5));
        assertThat(first.complete().ended()).matches(Status::isOk);
      }
      await()
          .untilAsserted(() -> assertThat(rig.status().getExchange().getProcesses()).isEqualTo(1));
      second.send(sending(6, "a"));
      second.next(reply -> reply.getSent().getRequest() == 6);
      second.send(sending(7, "a"));
      assertThat(failure(second, 7).getReason())
          .isEqualTo(FailureReason.FAILURE_REASON_ALREADY_EXISTS);
      assertThat(second.complete().ended()).matches(Status::isOk);
    }
    rig.drain(GROUP, "a");
  }

  private static ProcessFrame sending(long request, String id) {
    return Frames.frame(
        Frames.send(request, 3, Frames.chunk(GROUP, id, 8)).setInline(Frames.zeros(8)));
  }

  private static void assertTaken(Failure failure) {
    assertThat(failure.getReason()).isEqualTo(FailureReason.FAILURE_REASON_CONFLICT);
    assertThat(failure.getMessage())
        .startsWith("rank 0 of one name is held by the process process since 20")
        .contains("Z: ");
  }

  // ---- leaving

  @Test
  void unregister_answersWhatTheReaderWaitsFor() throws Exception {
    try (RawStream<ProcessReply> stream = rig.process(GROUP)) {
      stream.send(Frames.frame(Frames.receive(5, 2, "never"))).send(unregister(2));
      assertThat(failure(stream, 5).getReason()).isEqualTo(FailureReason.FAILURE_REASON_CANCELLED);
      // Its number is free again.
      stream.send(Frames.frame(Frames.reader(6, 2, GROUP)));
      stream.send(Frames.frame(Frames.receive(5, 2, "never"))).send(cancel(5));
      assertThat(failure(stream, 5).getReason()).isEqualTo(FailureReason.FAILURE_REASON_CANCELLED);
      assertThat(stream.complete().ended()).matches(Status::isOk);
    }
  }

  @Test
  void unregister_answersTheMemberThatWaitsForOthersToJoin() throws Exception {
    try (RawStream<ProcessReply> stream = rig.process(GROUP)) {
      registerPair(stream);
      stream.send(join(5, 10, "a", 1000, Duration.ofHours(1)));
      SlotHandle slot = stream.next(ProcessReply::hasWritePart).getWritePart().getSlot();
      stream.send(unregister(10));
      assertThat(failure(stream, 5).getReason()).isEqualTo(FailureReason.FAILURE_REASON_CANCELLED);
      // The other one can still send it, with what the first was to write.
      stream.send(join(6, 11, "a", 1000, Duration.ofHours(1)));
      for (int i = 0; i < 2; i++) {
        var part = stream.next(ProcessReply::hasWritePart).getWritePart();
        assertThat(part.getSlot()).isEqualTo(slot);
        stream.send(
            ProcessFrame.newBuilder()
                .setPartWritten(PartWritten.newBuilder().setRequest(6).setPart(part.getPart()))
                .build());
      }
      stream.next(reply -> reply.getSent().getRequest() == 6);
      assertThat(stream.complete().ended()).matches(Status::isOk);
    }
    rig.drain(GROUP, "a");
  }

  @Test
  void unregister_answersTheSenderThatWaitsForMemory() throws Exception {
    try (RawStream<ProcessReply> stream = rig.process(GROUP)) {
      allocated(stream, 5, HostileRig.POOL_BYTES / 2);
      stream
          .send(Frames.frame(Frames.allocate(6, 1, HostileRig.POOL_BYTES * 3 / 4, GROUP)))
          .send(unregister(1));
      assertThat(failure(stream, 6).getReason()).isEqualTo(FailureReason.FAILURE_REASON_CANCELLED);
      assertThat(rig.status().getExchange().getWaitingForRoom()).isZero();
      assertThat(stream.complete().ended()).matches(Status::isOk);
    }
  }

  // ---- sending together

  @Test
  void join_withAMemberThatNeverComes_failsAtItsDeadlineAndNamesTheMember() throws Exception {
    try (RawStream<ProcessReply> stream = rig.process(GROUP)) {
      registerPair(stream);
      stream.send(join(5, 10, "b", 1000, Duration.ofMillis(300)));
      Failure failure = failure(stream, 5);
      assertThat(failure.getReason()).isEqualTo(FailureReason.FAILURE_REASON_DEADLINE_EXCEEDED);
      assertThat(failure.getMessage())
          .contains("of the members [0, 1], [1] did not send the chunk");
      assertThat(stream.complete().ended()).matches(Status::isOk);
    }
  }

  @Test
  void join_withoutRoom_failsAtItsDeadlineAndSaysWhoHasTheRoom() throws Exception {
    try (RawStream<ProcessReply> stream = rig.process(GROUP)) {
      registerPair(stream);
      allocated(stream, 4, HostileRig.POOL_BYTES / 2);
      stream.send(join(5, 10, "c", HostileRig.POOL_BYTES * 3 / 4, Duration.ofMillis(300)));
      Failure failure = failure(stream, 5);
      assertThat(failure.getReason()).isEqualTo(FailureReason.FAILURE_REASON_RESOURCE_EXHAUSTED);
      assertThat(failure.getMessage()).contains("g holds");
      assertThat(stream.complete().ended()).matches(Status::isOk);
    }
  }

  // ---- receiving what is no longer wanted

  private long slots(PoolUse use) {
    return rig.relay().pool().usage().byUse().getOrDefault(use, PoolUsage.Amount.NONE).slots();
  }

  private void send(RawStream<ProcessReply> stream, String id) throws Exception {
    SlotHandle slot = allocated(stream, 3, 1000);
    stream.send(Frames.frame(Frames.send(4, 1, Frames.chunk(GROUP, id, 1000)).setSlot(slot)));
    stream.next(ProcessReply::hasSent);
  }

  private static ProcessFrame letGo(long registration, String id) {
    return ProcessFrame.newBuilder()
        .setLetGo(LetGo.newBuilder().setRegistration(registration).setDataId(id))
        .build();
  }

  @Test
  void cancel_afterTheChunkWasDelivered_isNotAnsweredTwice_andTheChunkMayBeLetGo()
      throws Exception {
    try (RawStream<ProcessReply> stream = rig.process(GROUP)) {
      send(stream, "late");
      stream.send(Frames.frame(Frames.receive(5, 2, "late"))).send(cancel(5));
      stream.next(ProcessReply::hasReceived);
      assertThat(slots(PoolUse.IN_USE)).isEqualTo(1);
      stream.send(letGo(2, "late")).send(letGo(2, "late")).send(letGo(99, "late"));
      await().until(() -> slots(PoolUse.IN_USE) == 0 && slots(PoolUse.UNCLAIMED) == 1);
      // The member is not done: it may ask again.
      stream.send(Frames.frame(Frames.receive(6, 2, "late")));
      stream.next(reply -> reply.getReceived().getRequest() == 6);
      stream.send(Frames.markDone(2, "late"));
      await().until(() -> rig.relay().pool().usage().total().slots() == 0);
      // Every answer has been looked at.
      stream.send(Frames.frame(Frames.receive(7, 2, "nothing"))).send(cancel(7));
      assertThat(stream.next(ProcessReply::hasFailed).getFailed().getRequest()).isEqualTo(7);
      assertThat(stream.complete().ended()).matches(Status::isOk);
    }
  }

  // ---- memory that somebody may still be writing into

  @Test
  void memory_ofAStreamThatTheRelayEnds_isKeptFromOthersForSomeSeconds() throws Exception {
    try (RawStream<ProcessReply> stream = rig.process(GROUP)) {
      allocated(stream, 5, HostileRig.POOL_BYTES / 2);
      stream.send(ProcessFrame.getDefaultInstance());
      assertThat(stream.ended().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
      assertThat(slots(PoolUse.FILLING)).isEqualTo(1);
      await()
          .between(Duration.ofSeconds(3), Duration.ofSeconds(10))
          .until(() -> slots(PoolUse.FILLING) == 0);
    }
  }

  @Test
  void memory_thatAMemberOfALostProcessMayStillWrite_isKeptFromOthersForSomeSeconds()
      throws Exception {
    try (RawStream<ProcessReply> stream = rig.process(GROUP)) {
      registerPair(stream);
      stream.send(join(5, 10, "d", 1000, Duration.ofHours(1)));
      stream.next(ProcessReply::hasWritePart);
      stream.send(ProcessFrame.getDefaultInstance());
      assertThat(stream.ended().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
      assertThat(slots(PoolUse.FILLING)).isEqualTo(1);
      await()
          .between(Duration.ofSeconds(3), Duration.ofSeconds(10))
          .until(() -> slots(PoolUse.FILLING) == 0);
    }
  }

  @Test
  void memory_ofAProcessThatLeaves_isForOthersAtOnce() throws Exception {
    try (RawStream<ProcessReply> stream = rig.process(GROUP)) {
      allocated(stream, 5, HostileRig.POOL_BYTES / 2);
      assertThat(stream.complete().ended()).matches(Status::isOk);
      await().atMost(Duration.ofSeconds(2)).until(() -> slots(PoolUse.FILLING) == 0);
    }
  }
}
