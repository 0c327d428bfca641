package io.baton.relay.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Named.named;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.baton.proto.v1.Allocate;
import io.baton.proto.v1.Cancel;
import io.baton.proto.v1.Chunking;
import io.baton.proto.v1.CloseStream;
import io.baton.proto.v1.Discard;
import io.baton.proto.v1.FailureReason;
import io.baton.proto.v1.GroupCopy;
import io.baton.proto.v1.Join;
import io.baton.proto.v1.MarkDone;
import io.baton.proto.v1.Member;
import io.baton.proto.v1.PartWritten;
import io.baton.proto.v1.ProcessFrame;
import io.baton.proto.v1.ProcessHello;
import io.baton.proto.v1.ProcessReply;
import io.baton.proto.v1.Receive;
import io.baton.proto.v1.RegisterReader;
import io.baton.proto.v1.RegisterSender;
import io.baton.proto.v1.Send;
import io.baton.proto.v1.SlotHandle;
import io.baton.proto.v1.Unregister;
import io.baton.proto.v1.VersionRange;
import io.grpc.Status;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A process of this user may be broken. */
class BadSidecarInputTest extends HostileTest {

  private static ProcessFrame hello(VersionRange.Builder versions) {
    return ProcessFrame.newBuilder()
        .setHello(ProcessHello.newBuilder().setVersions(versions))
        .build();
  }

  static Stream<Arguments> firstFrames() {
    byte[] whole = Frames.hello().toByteArray();
    return Stream.of(
        malformed("nothing", "hello", ProcessFrame.getDefaultInstance()),
        bad("noise", Status.Code.INVALID_ARGUMENT, "hello", NOISE),
        bad(
            "half a hello",
            Status.Code.INVALID_ARGUMENT,
            "hello",
            Arrays.copyOf(whole, whole.length / 2)),
        malformed("a registration", "hello", Frames.frame(Frames.sender(1, 1, GROUP))),
        bad(
            "no versions",
            Status.Code.FAILED_PRECONDITION,
            "no common version",
            hello(VersionRange.newBuilder()).toByteArray()),
        bad(
            "version 99",
            Status.Code.FAILED_PRECONDITION,
            "versions 99-99",
            hello(VersionRange.newBuilder().setLowest(99).setHighest(99)).toByteArray()),
        bad(
            "negative versions",
            Status.Code.FAILED_PRECONDITION,
            "versions 4294967295-4294967295",
            hello(VersionRange.newBuilder().setLowest(-1).setHighest(-1)).toByteArray()),
        malformed("two hellos", "hello", Frames.hello(), Frames.hello()));
  }

  @ParameterizedTest
  @MethodSource("firstFrames")
  void firstFrame_thatIsNoHello_endsTheStream(List<byte[]> messages, Status.Code code, String says)
      throws Exception {
    try (RawStream<ProcessReply> stream = rig.sidecar()) {
      messages.forEach(stream::send);
      assertEnds(stream, code, says);
    }
  }

  /** What gRPC does not even read is answered by gRPC, or cut off. */
  @Test
  void message_ofMoreThan4MiB_endsTheStream() throws Exception {
    try (RawStream<ProcessReply> stream = rig.process(GROUP)) {
      stream.send(sending(send -> send.setInline(Frames.zeros(5 << 20))));
      assertThat(stream.ended().getCode())
          .isIn(Status.Code.RESOURCE_EXHAUSTED, Status.Code.CANCELLED);
    }
  }

  private static ProcessFrame sender(Consumer<RegisterSender.Builder> change) {
    RegisterSender.Builder sender = Frames.sender(9, 9, "others");
    change.accept(sender);
    return Frames.frame(sender);
  }

  private static ProcessFrame reader(Consumer<RegisterReader.Builder> change) {
    RegisterReader.Builder reader = Frames.reader(9, 9, "others");
    change.accept(reader);
    return Frames.frame(reader);
  }

  private static ProcessFrame allocate(Consumer<Allocate.Builder> change) {
    Allocate.Builder allocate = Frames.allocate(9, 1, 100, GROUP);
    change.accept(allocate);
    return Frames.frame(allocate);
  }

  private static ProcessFrame send(Consumer<Chunking.Builder> change) {
    Chunking.Builder chunk = Frames.chunk(GROUP, "id", 8);
    change.accept(chunk);
    return Frames.frame(Frames.send(9, 1, chunk).setInline(Frames.zeros(8)));
  }

  private static ProcessFrame sending(Consumer<Send.Builder> change) {
    Send.Builder send = Frames.send(9, 1, Frames.chunk(GROUP, "id", 8)).setInline(Frames.zeros(8));
    change.accept(send);
    return Frames.frame(send);
  }

  private static ProcessFrame receive(Consumer<Receive.Builder> change) {
    Receive.Builder receive = Frames.receive(9, 2, "id");
    change.accept(receive);
    return Frames.frame(receive);
  }

  private static ProcessFrame join(Consumer<Join.Builder> change) {
    Join.Builder join =
        Join.newBuilder()
            .setRequest(9)
            .setRegistration(1)
            .setChunk(Frames.chunk(GROUP, "joined", 100))
            .setTimeoutNanos(Frames.TIMEOUT_NANOS);
    change.accept(join);
    return ProcessFrame.newBuilder().setJoin(join).build();
  }

  private static ProcessFrame closing(Consumer<CloseStream.Builder> change) {
    CloseStream.Builder closing =
        CloseStream.newBuilder()
            .setRequest(9)
            .setRegistration(1)
            .setDataId("id")
            .addDestinations(Frames.here(GROUP));
    change.accept(closing);
    return ProcessFrame.newBuilder().setCloseStream(closing).build();
  }

  private static ProcessFrame discard(SlotHandle.Builder slot) {
    return ProcessFrame.newBuilder().setDiscard(Discard.newBuilder().setSlot(slot)).build();
  }

  private static ProcessFrame cancel(long request) {
    return ProcessFrame.newBuilder().setCancel(Cancel.newBuilder().setRequest(request)).build();
  }

  private static ProcessFrame written(long request, int part) {
    return ProcessFrame.newBuilder()
        .setPartWritten(PartWritten.newBuilder().setRequest(request).setPart(part))
        .build();
  }

  private static ProcessFrame unregister(long registration) {
    return ProcessFrame.newBuilder()
        .setUnregister(Unregister.newBuilder().setRegistration(registration))
        .build();
  }

  private static ProcessFrame markDone(Consumer<MarkDone.Builder> change) {
    MarkDone.Builder done = MarkDone.newBuilder().setRegistration(2).setDataId("id");
    change.accept(done);
    return ProcessFrame.newBuilder().setMarkDone(done).build();
  }

  private static SlotHandle.Builder slot(long pool, long offset, long generation) {
    return SlotHandle.newBuilder().setPool(pool).setOffset(offset).setGeneration(generation);
  }

  /** A frame with a text that is no UTF-8 in that field of the message in that field. */
  private static ProcessFrame notText(int message, int field) {
    UnknownFieldSet broken =
        UnknownFieldSet.newBuilder()
            .addField(
                field,
                UnknownFieldSet.Field.newBuilder()
                    .addLengthDelimited(ByteString.copyFrom(NOISE))
                    .build())
            .build();
    return ProcessFrame.newBuilder()
        .setUnknownFields(
            UnknownFieldSet.newBuilder()
                .addField(
                    message,
                    UnknownFieldSet.Field.newBuilder()
                        .addLengthDelimited(broken.toByteString())
                        .build())
                .build())
        .build();
  }

  static Stream<Arguments> laterFrames() {
    byte[] whole = send(_ -> {}).toByteArray();
    return Stream.of(
        malformed("nothing", "frame", ProcessFrame.getDefaultInstance()),
        bad("noise", Status.Code.INVALID_ARGUMENT, "frame", NOISE),
        bad(
            "half a frame",
            Status.Code.INVALID_ARGUMENT,
            "frame",
            Arrays.copyOf(whole, whole.length / 2)),
        malformed("another hello", "hello", Frames.hello()),
        malformed("a sender of no group", "group", sender(sender -> sender.setGroup(""))),
        malformed("a sender's group of 1 MiB", "group", sender(s -> s.setGroup(MEBIBYTE))),
        malformed("a sender of rank -1", "rank", sender(sender -> sender.setRank(-1))),
        malformed(
            "a group of 100,000 senders",
            "members",
            sender(s -> s.addAllMembers(IntStream.range(0, 100_000).boxed().toList()))),
        malformed("a member of rank -1", "members", sender(sender -> sender.addMembers(-1))),
        malformed("a sender of a group of others", "members", sender(sender -> sender.setRank(5))),
        malformed(
            "a sender of a group of nobody",
            "members",
            sender(RegisterSender.Builder::clearMembers)),
        malformed("slots of -1 bytes", "slot_bytes", sender(sender -> sender.setSlotBytes(-1))),
        malformed("a copy of an unknown kind", "copy", sender(sender -> sender.setCopyValue(99))),
        malformed(
            "a sender's group that is no UTF-8",
            "frame",
            notText(ProcessFrame.REGISTER_SENDER_FIELD_NUMBER, RegisterSender.GROUP_FIELD_NUMBER)),
        malformed("a reader of no group", "group", reader(reader -> reader.setGroup(""))),
        malformed("a reader's group of 1 MiB", "group", reader(r -> r.setGroup(MEBIBYTE))),
        malformed("a reader of rank -1", "rank", reader(reader -> reader.setRank(-1))),
        malformed("-1 bytes of memory", "bytes", allocate(allocate -> allocate.setBytes(-1))),
        malformed("memory for nobody", "groups", allocate(allocate -> allocate.clearGroups())),
        malformed("memory for no name", "groups", allocate(allocate -> allocate.addGroups(""))),
        malformed("memory for a name of 1 MiB", "groups", allocate(a -> a.addGroups(MEBIBYTE))),
        malformed(
            "memory for 10,000 groups",
            "groups",
            allocate(a -> a.addAllGroups(Collections.nCopies(10_000, GROUP)))),
        malformed("memory in -1 ns", "timeout_nanos", allocate(a -> a.setTimeoutNanos(-1))),
        malformed("nothing given back", "generation", discard(slot(1, 128, 0))),
        malformed("a negative offset given back", "offset", discard(slot(1, -128, 1))),
        malformed("no chunk", "chunk", sending(send -> send.clearChunk())),
        malformed("no body", "body", sending(send -> send.clearBody())),
        malformed("a short body", "inline", sending(send -> send.setInline(Frames.zeros(7)))),
        malformed("a long body", "inline", sending(send -> send.setInline(Frames.zeros(9)))),
        malformed("a chunk in -1 ns", "timeout_nanos", sending(s -> s.setTimeoutNanos(-1))),
        malformed("a chunk in no slot", "generation", sending(s -> s.setSlot(slot(1, 128, 0)))),
        malformed("a chunk of no datum", "data_id", send(chunk -> chunk.clearDataId())),
        malformed("an id of 1 MiB", "data_id", send(chunk -> chunk.setDataId(MEBIBYTE))),
        malformed("chunk -1", "index", send(chunk -> chunk.setIndex(-1))),
        malformed("chunk 5 of 1", "index", send(chunk -> chunk.setIndex(5))),
        malformed("0 chunks", "count", send(chunk -> chunk.setCount(0))),
        malformed("-1 chunks", "count", send(chunk -> chunk.setCount(-1))),
        malformed("a chunk that is nothing", "content", send(chunk -> chunk.clearContent())),
        malformed("a chunk for nobody", "destinations", send(chunk -> chunk.clearDestinations())),
        malformed(
            "a chunk for 65 groups",
            "destinations",
            send(
                chunk ->
                    IntStream.range(0, 64)
                        .forEach(i -> chunk.addDestinations(Frames.here("group" + i))))),
        malformed(
            "one group twice", "destinations", send(c -> c.addDestinations(Frames.here(GROUP)))),
        malformed(
            "a group without members",
            "members",
            send(chunk -> chunk.getDestinationsBuilder(0).clearMembers())),
        malformed(
            "a group of 100,000",
            "members",
            send(
                chunk ->
                    IntStream.range(0, 100_000)
                        .forEach(
                            i -> chunk.getDestinationsBuilder(0).addMembersBuilder().setRank(i)))),
        malformed(
            "two members of one rank",
            "members",
            send(chunk -> chunk.getDestinationsBuilder(0).addMembers(Member.getDefaultInstance()))),
        malformed("a member of rank -1 as a destination", "rank", at(-1, "")),
        malformed("a relay that is no address", "relay", at(1, "not an address")),
        malformed("a relay at a socket", "relay", at(1, "unix:/tmp/socket")),
        malformed("a relay at port 0", "relay", at(1, "localhost:0")),
        malformed("a relay at port 65536", "relay", at(1, "localhost:65536")),
        malformed("a relay of 1 MiB", "relay", at(1, MEBIBYTE + ":1")),
        malformed("a next peer without a name", "next_peers", send(c -> c.addNextPeers(""))),
        malformed(
            "1025 next peers",
            "next_peers",
            send(chunk -> chunk.addAllNextPeers(Collections.nCopies(1025, "peer")))),
        malformed("nothing to write together", "chunk", join(join -> join.clearChunk())),
        malformed(
            "no bytes to write together",
            "chunk",
            join(join -> join.getChunkBuilder().setContent(Frames.object(0)))),
        malformed("-1 ns to write together", "timeout_nanos", join(j -> j.setTimeoutNanos(-1))),
        malformed("an end at -1", "count", closing(closing -> closing.setCount(-1))),
        malformed("the end of nothing", "data_id", closing(closing -> closing.clearDataId())),
        malformed("an end for nobody", "destinations", closing(c -> c.clearDestinations())),
        malformed("receiving of nothing", "data_id", receive(receive -> receive.clearDataId())),
        malformed("receiving of chunk -1", "index", receive(receive -> receive.setIndex(-1))),
        malformed("receiving in -1 ns", "timeout_nanos", receive(r -> r.setTimeoutNanos(-1))),
        malformed("done with nothing", "data_id", markDone(done -> done.clearDataId())),
        malformed("done with chunk -1", "index", markDone(done -> done.setIndex(-1))));
  }

  private static ProcessFrame at(int rank, String relay) {
    return send(
        chunk -> chunk.getDestinationsBuilder(0).addMembersBuilder().setRank(rank).setRelay(relay));
  }

  @ParameterizedTest
  @MethodSource("laterFrames")
  void laterFrame_thatIsMalformed_endsTheStreamAndGivesUpWhatItHolds(
      List<byte[]> messages, Status.Code code, String says) throws Exception {
    try (RawStream<ProcessReply> stream = rig.process(GROUP)) {
      stream.send(Frames.frame(Frames.receive(4, 2, "never")));
      messages.forEach(stream::send);
      assertEnds(stream, code, says);
    }
  }

  // ---- what is refused, and the stream goes on

  static Stream<Arguments> refusedFrames() {
    FailureReason precondition = FailureReason.FAILURE_REASON_FAILED_PRECONDITION;
    FailureReason invalid = FailureReason.FAILURE_REASON_INVALID_ARGUMENT;
    FailureReason conflict = FailureReason.FAILURE_REASON_CONFLICT;
    FailureReason gone = FailureReason.FAILURE_REASON_GONE;
    return Stream.of(
        arguments(named("memory of 2^63-1", allocate(a -> a.setBytes(Long.MAX_VALUE))), invalid),
        arguments(
            named("memory of 2^63-64", allocate(a -> a.setBytes(Long.MAX_VALUE - 63))), invalid),
        arguments(
            named("memory larger than the pool", allocate(a -> a.setBytes(HostileRig.POOL_BYTES))),
            invalid),
        arguments(named("memory for a reader", allocate(a -> a.setRegistration(2))), precondition),
        arguments(
            named("memory for nobody known", allocate(a -> a.setRegistration(-1))), precondition),
        arguments(named("a chunk of a reader", sending(s -> s.setRegistration(2))), precondition),
        arguments(
            named("a chunk joined by a reader", join(j -> j.setRegistration(2))), precondition),
        arguments(
            named("an end said by a reader", closing(c -> c.setRegistration(2))), precondition),
        arguments(
            named("receiving for a sender", receive(r -> r.setRegistration(1))), precondition),
        arguments(named("a chunk in another pool", sending(s -> s.setSlot(slot(1, 128, 1)))), gone),
        arguments(
            named("a chunk far outside", sending(s -> s.setSlot(slot(1, Long.MAX_VALUE, 1)))),
            gone),
        arguments(
            named(
                "a chunk to write together that is too large",
                join(j -> j.getChunkBuilder().setContent(Frames.object(Long.MAX_VALUE)))),
            invalid),
        arguments(named("a registration twice", sender(s -> s.setRegistration(1))), conflict),
        arguments(named("a reader as a sender", sender(s -> s.setRegistration(2))), conflict));
  }

  @ParameterizedTest
  @MethodSource("refusedFrames")
  void frame_thatCannotBe_isRefusedAndTheStreamGoesOn(ProcessFrame frame, FailureReason reason)
      throws Exception {
    try (RawStream<ProcessReply> stream = rig.process(GROUP)) {
      stream.send(frame);
      assertThat(refused(stream, 9)).isEqualTo(reason);
      stream.send(Frames.frame(Frames.allocate(10, 1, 100, GROUP)));
      SlotHandle slot = stream.next(ProcessReply::hasAllocated).getAllocated().getSlot();
      stream.send(discard(slot.toBuilder())).complete();
      assertThat(stream.ended()).matches(Status::isOk);
    }
  }

  private static FailureReason refused(RawStream<ProcessReply> stream, long request)
      throws Exception {
    return stream
        .next(reply -> reply.hasFailed() && reply.getFailed().getRequest() == request)
        .getFailed()
        .getFailure()
        .getReason();
  }

  @Test
  void words_aboutWhatIsNotThere_meanNothing() throws Exception {
    try (RawStream<ProcessReply> stream = rig.process(GROUP)) {
      stream
          .send(cancel(77))
          .send(cancel(-1))
          .send(written(77, -1))
          .send(unregister(77))
          .send(discard(slot(1, 128, 1)))
          .send(discard(slot(-1, Long.MAX_VALUE, -1)))
          .send(markDone(done -> done.setRegistration(77)))
          .send(markDone(done -> done.setRegistration(1)))
          .send(markDone(done -> done.setIndex(Integer.MAX_VALUE)))
          .send(Frames.frame(Frames.allocate(10, 1, 100, GROUP)));
      stream.next(ProcessReply::hasAllocated);
      assertThat(stream.complete().ended()).matches(Status::isOk);
    }
  }

  @Test
  void handle_ofMemoryThatWasSentOrGivenBack_isGone() throws Exception {
    try (RawStream<ProcessReply> stream = rig.process(GROUP)) {
      stream.send(Frames.frame(Frames.allocate(10, 1, 8, GROUP)));
      SlotHandle slot = stream.next(ProcessReply::hasAllocated).getAllocated().getSlot();
      stream.send(sending(send -> send.setSlot(slot)));
      stream.next(ProcessReply::hasSent);
      stream.send(sending(send -> send.setSlot(slot)));
      assertThat(refused(stream, 9)).isEqualTo(FailureReason.FAILURE_REASON_GONE);
      stream.send(discard(slot.toBuilder()));
      assertThat(stream.complete().ended()).matches(Status::isOk);
    }
    rig.drain(GROUP, "id");
  }

  @Test
  void memory_ofAnotherProcess_isNotForThisOne() throws Exception {
    try (RawStream<ProcessReply> owner = rig.process(GROUP);
        RawStream<ProcessReply> thief = rig.process("thieves")) {
      owner.send(Frames.frame(Frames.allocate(10, 1, 8, GROUP)));
      SlotHandle slot = owner.next(ProcessReply::hasAllocated).getAllocated().getSlot();
      thief.send(discard(slot.toBuilder())).send(sending(send -> send.setSlot(slot)));
      assertThat(refused(thief, 9)).isEqualTo(FailureReason.FAILURE_REASON_GONE);
      owner.send(sending(send -> send.setSlot(slot)));
      owner.next(ProcessReply::hasSent);
      assertThat(owner.complete().ended()).matches(Status::isOk);
      assertThat(thief.complete().ended()).matches(Status::isOk);
    }
    rig.drain(GROUP, "id");
  }

  @Test
  void memory_ofOtherBytesThanTheChunk_isRefusedAndGivenBack() throws Exception {
    try (RawStream<ProcessReply> stream = rig.process(GROUP)) {
      stream.send(Frames.frame(Frames.allocate(10, 1, 9, GROUP)));
      SlotHandle slot = stream.next(ProcessReply::hasAllocated).getAllocated().getSlot();
      stream.send(sending(send -> send.setSlot(slot)));
      assertThat(refused(stream, 9)).isEqualTo(FailureReason.FAILURE_REASON_INVALID_ARGUMENT);
      await().until(() -> rig.relay().pool().usage().total().slots() == 0);
    }
  }

  // ---- numbers of requests

  /** The whole pool, so that the next who asks has to wait. */
  private static void fill(RawStream<ProcessReply> stream) throws Exception {
    stream.send(Frames.frame(Frames.allocate(10, 1, HostileRig.POOL_BYTES * 3 / 4, "full")));
    stream.next(reply -> reply.getAllocated().getRequest() == 10);
  }

  static Stream<Arguments> twice() {
    return Stream.of(
        arguments(named("receiving", receive(receive -> receive.setDataId("never")))),
        arguments(named("allocating", allocate(a -> a.setBytes(HostileRig.POOL_BYTES / 2)))),
        arguments(
            named(
                "writing together",
                join(join -> join.setRegistration(3).getChunkBuilder().setIndex(0)))));
  }

  @ParameterizedTest
  @MethodSource("twice")
  void request_ofANumberThatIsUnderWay_endsTheStreamAndNothingIsLeft(ProcessFrame frame)
      throws Exception {
    try (RawStream<ProcessReply> stream = rig.process(GROUP)) {
      stream.send(
          Frames.frame(
              Frames.sender(3, 3, "pair").addMembers(1).setCopy(GroupCopy.GROUP_COPY_SHARDED)));
      fill(stream);
      stream.send(frame).send(frame);
      assertEnds(stream, Status.Code.INVALID_ARGUMENT, "request 9");
    }
  }

  // ---- anything at all

  @Test
  void mutatedFrames_endNothingButTheirStreams() throws Exception {
    Mutations mutations = new Mutations(11_212_026);
    List<ProcessFrame> samples =
        List.of(
            Frames.hello(),
            Frames.frame(Frames.sender(3, 3, "pair").addMembers(1)),
            Frames.frame(Frames.reader(4, 4, GROUP)),
            unregister(1),
            allocate(_ -> {}),
            discard(slot(1, 128, 1)),
            send(chunk -> chunk.addNextPeers("next")),
            sending(send -> send.setSlot(slot(1, 128, 1))),
            join(_ -> {}),
            written(9, 0),
            closing(closing -> closing.setCount(1)),
            receive(_ -> {}),
            cancel(9),
            markDone(_ -> {}));
    for (int i = 0; i < 400; i++) {
      try (RawStream<ProcessReply> stream = rig.sidecar()) {
        if (mutations.below(10) > 0) {
          stream
              .send(Frames.hello())
              .send(Frames.frame(Frames.sender(1, 1, "senders")))
              .send(Frames.frame(Frames.reader(2, 2, GROUP)));
        }
        for (int frame = 0; frame < 5; frame++) {
          byte[] sample = samples.get(mutations.below(samples.size())).toByteArray();
          stream.send(mutations.below(4) == 0 ? sample : mutations.of(sample));
        }
        stream.complete().ended();
      }
    }
    rig.assertNobodyLeft();
    // What was sent is kept for whoever it was for; with the relay it goes.
    rig.close();
    rig = new HostileRig(directory);
  }
}
