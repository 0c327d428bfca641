package io.baton.relay.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Named.named;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.baton.proto.v1.BodyPart;
import io.baton.proto.v1.ChunkHead;
import io.baton.proto.v1.CloseData;
import io.baton.proto.v1.Content;
import io.baton.proto.v1.DType;
import io.baton.proto.v1.DataAddress;
import io.baton.proto.v1.Empty;
import io.baton.proto.v1.FailureReason;
import io.baton.proto.v1.LaneKind;
import io.baton.proto.v1.Parcel;
import io.baton.proto.v1.ParcelRefused;
import io.baton.proto.v1.PeerFrame;
import io.baton.proto.v1.PeerHello;
import io.baton.proto.v1.PeerReply;
import io.baton.proto.v1.RelayIdentity;
import io.baton.proto.v1.SharedPool;
import io.baton.proto.v1.SlotHandle;
import io.baton.proto.v1.TensorSpec;
import io.baton.proto.v1.VersionRange;
import io.baton.proto.v1.Withdraw;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.grpc.Status;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whoever calls a link may be anybody, and offer anything. */
class BadExchangeInputTest extends HostileTest {

  /** The first number of a step. */
  private static final long STEP = Long.MIN_VALUE;

  private String group = "";
  private int tests;

  /** What one test leaves to be remembered is not to mean anything to another. */
  @BeforeEach
  void nameGroup() {
    group = "group" + ++tests;
  }

  private static PeerFrame hello(Consumer<PeerHello.Builder> change) {
    PeerHello.Builder hello = Frames.peerHello();
    change.accept(hello);
    return Frames.frame(hello);
  }

  private static PeerFrame offer(Consumer<Parcel.Builder> change) {
    Parcel.Builder offer = Frames.inlineOffer(1, GROUP, "id", 8);
    change.accept(offer);
    return Frames.frame(offer);
  }

  private static PeerFrame chunk(Consumer<ChunkHead.Builder> change) {
    return offer(offer -> change.accept(offer.getChunkBuilder()));
  }

  private static Content.Builder tensor(DType dtype, long bytes, Long... shape) {
    return Content.newBuilder()
        .setTensor(TensorSpec.newBuilder().setDtype(dtype).addAllShape(List.of(shape)))
        .setBytes(bytes);
  }

  private static Long[] dimensions(int count, long each) {
    return Collections.nCopies(count, each).toArray(Long[]::new);
  }

  /** A frame with a text that is no UTF-8 in that field of what it says of its chunk. */
  private static PeerFrame chunkOfBytes(int field, ByteString text) {
    ByteString head = Frames.inlineOffer(1, GROUP, "id", 8).getChunk().toByteString();
    ByteString broken = head.concat(field(field, text));
    return PeerFrame.newBuilder()
        .setUnknownFields(
            fields(PeerFrame.PARCEL_FIELD_NUMBER, field(Parcel.CHUNK_FIELD_NUMBER, broken)))
        .build();
  }

  private static ByteString field(int number, ByteString content) {
    return fields(number, content).toByteString();
  }

  private static UnknownFieldSet fields(int number, ByteString content) {
    return UnknownFieldSet.newBuilder()
        .addField(number, UnknownFieldSet.Field.newBuilder().addLengthDelimited(content).build())
        .build();
  }

  static Stream<Arguments> firstFrames() {
    byte[] whole = Frames.frame(Frames.peerHello()).toByteArray();
    return Stream.of(
        malformed("nothing", "frame", PeerFrame.getDefaultInstance()),
        bad("noise", Status.Code.INVALID_ARGUMENT, "frame", NOISE),
        bad(
            "half a hello",
            Status.Code.INVALID_ARGUMENT,
            "frame",
            java.util.Arrays.copyOf(whole, whole.length / 2)),
        malformed("an offer", "hello", offer(_ -> {})),
        malformed("a body", "hello", PeerFrame.newBuilder().setBody(BodyPart.newBuilder()).build()),
        bad(
            "no versions",
            Status.Code.FAILED_PRECONDITION,
            "no common version",
            hello(hello -> hello.clearVersions()).toByteArray()),
        bad(
            "version 99",
            Status.Code.FAILED_PRECONDITION,
            "versions 99-99",
            hello(hello -> hello.setVersions(versions(99, 99))).toByteArray()),
        bad(
            "negative versions",
            Status.Code.FAILED_PRECONDITION,
            "versions 4294967295-4294967295",
            hello(hello -> hello.setVersions(versions(-1, -1))).toByteArray()),
        bad(
            "versions that end before they begin",
            Status.Code.FAILED_PRECONDITION,
            "no common version",
            hello(hello -> hello.setVersions(versions(2, 1))).toByteArray()),
        malformed("no name", "hello.from", hello(hello -> hello.clearFrom())),
        malformed("an empty name", "hello.from.name", hello(hello -> hello.setFrom(identity("")))),
        malformed(
            "a name of 1 MiB",
            "hello.from.name",
            hello(hello -> hello.setFrom(identity(MEBIBYTE)))),
        malformed(
            "two hellos",
            "hello",
            hello(_ -> {}),
            hello(hello -> hello.setFrom(identity("other")))));
  }

  private static VersionRange versions(int lowest, int highest) {
    return VersionRange.newBuilder().setLowest(lowest).setHighest(highest).build();
  }

  private static RelayIdentity.Builder identity(String name) {
    return RelayIdentity.newBuilder().setName(name);
  }

  @ParameterizedTest
  @MethodSource("firstFrames")
  void firstFrame_thatIsNoHello_endsTheStream(List<byte[]> messages, Status.Code code, String says)
      throws Exception {
    try (RawStream<PeerReply> stream = rig.link()) {
      messages.forEach(stream::send);
      assertEnds(stream, code, says);
    }
  }

  static Stream<Arguments> laterFrames() {
    byte[] whole = offer(_ -> {}).toByteArray();
    return Stream.of(
        malformed("nothing", "frame", PeerFrame.getDefaultInstance()),
        bad("noise", Status.Code.INVALID_ARGUMENT, "frame", NOISE),
        bad(
            "half an offer",
            Status.Code.INVALID_ARGUMENT,
            "frame",
            java.util.Arrays.copyOf(whole, whole.length / 2)),
        malformed("no content", "content", chunk(chunk -> chunk.clearContent())),
        malformed("neither tensor nor object", "kind", content(Content.newBuilder().setBytes(8))),
        malformed("no dtype", "dtype", content(tensor(DType.DTYPE_UNSPECIFIED, 8, 8L))),
        malformed(
            "dtype 99",
            "dtype",
            content(
                Content.newBuilder()
                    .setTensor(TensorSpec.newBuilder().setDtypeValue(99).addShape(8))
                    .setBytes(8))),
        malformed("9 dimensions", "shape", content(tensor(DType.DTYPE_U8, 8, dimensions(9, 1)))),
        malformed("a dimension of -1", "shape", content(tensor(DType.DTYPE_U8, 8, -1L))),
        malformed("a dimension of 2^31", "shape", content(tensor(DType.DTYPE_U8, 8, 1L << 31))),
        malformed(
            "dimensions whose product overflows",
            "shape",
            content(tensor(DType.DTYPE_F64, 0, dimensions(8, Integer.MAX_VALUE)))),
        malformed(
            "dimensions whose product overflows to 0",
            "shape",
            content(tensor(DType.DTYPE_U8, 0, 1L << 30, 1L << 30, 1L << 30))),
        malformed("a tensor of other bytes", "bytes", content(tensor(DType.DTYPE_F32, 8, 3L))),
        malformed("an object of -1 bytes", "bytes", content(Frames.object(-1))),
        malformed(
            "a body shorter than its content",
            "inline",
            offer(offer -> offer.setInline(Frames.zeros(7)))),
        malformed(
            "a body longer than its content",
            "inline",
            offer(offer -> offer.setInline(Frames.zeros(9)))),
        malformed(
            "a body too long to be in an offer",
            "inline",
            Frames.frame(Frames.inlineOffer(1, GROUP, "id", (128 << 10) + 1))),
        malformed(
            "no body for no bytes", "offer.body", Frames.frame(Frames.offer(1, GROUP, "id", 0))),
        malformed(
            "a handle on the lane grpc",
            "offer.shared",
            offer(offer -> offer.setShared(SlotHandle.newBuilder().setGeneration(1)))),
        malformed(
            "a handle of no generation",
            "generation",
            offer(offer -> offer.setShared(SlotHandle.newBuilder().setOffset(64)))),
        malformed(
            "a handle with a negative offset",
            "offset",
            offer(
                offer -> offer.setShared(SlotHandle.newBuilder().setGeneration(1).setOffset(-64)))),
        malformed("no group", "group", chunk(chunk -> chunk.clearGroup())),
        malformed("no id", "id", chunk(chunk -> chunk.clearDataId())),
        malformed("an id of 1 MiB", "1048576 bytes", chunk(chunk -> chunk.setDataId(MEBIBYTE))),
        malformed("a group of 1 MiB", "1048576 bytes", chunk(chunk -> chunk.setGroup(MEBIBYTE))),
        malformed(
            "a group that is no UTF-8",
            "frame",
            chunkOfBytes(ChunkHead.GROUP_FIELD_NUMBER, ByteString.copyFrom(NOISE))),
        malformed(
            "an id that is no UTF-8",
            "frame",
            chunkOfBytes(ChunkHead.DATA_ID_FIELD_NUMBER, ByteString.copyFrom(NOISE))),
        malformed("a negative index", "index", chunk(chunk -> chunk.setIndex(-1))),
        malformed("a count of 0", "count", chunk(chunk -> chunk.setCount(0))),
        malformed("a negative count", "count", chunk(chunk -> chunk.setCount(-1))),
        malformed("a negative rank", "rank", chunk(chunk -> chunk.addRanks(-1))),
        malformed(
            "100,000 ranks",
            "ranks",
            chunk(chunk -> chunk.addAllRanks(IntStream.range(0, 100_000).boxed().toList()))),
        malformed(
            "1025 next peers",
            "next_peers",
            chunk(chunk -> chunk.addAllNextPeers(Collections.nCopies(1025, "peer")))),
        malformed(
            "a next peer without a name", "next_peers[0]", chunk(chunk -> chunk.addNextPeers(""))),
        malformed(
            "a next peer of 1 MiB", "next_peers[0]", chunk(chunk -> chunk.addNextPeers(MEBIBYTE))),
        malformed("neither a step nor a chunk", "parcel.head", offer(offer -> offer.clearHead())),
        malformed("the number of a step", "number", offer(offer -> offer.setNumber(-1))),
        malformed(
            "a body that nobody has granted",
            "following",
            offer(offer -> offer.setFollowing(Empty.getDefaultInstance()))),
        malformed("the end of a step", "number", closing(STEP, GROUP, "id", 1)),
        malformed("a negative end", "count", closing(GROUP, "id", -1)),
        malformed("the end of nothing", "id", closing(GROUP, "", 1)),
        malformed("another hello", "hello", hello(_ -> {})));
  }

  private static PeerFrame content(Content.Builder content) {
    return chunk(chunk -> chunk.setContent(content));
  }

  private static PeerFrame closing(String group, String id, int count) {
    return closing(9, group, id, count);
  }

  private static PeerFrame closing(long number, String group, String id, int count) {
    return PeerFrame.newBuilder()
        .setClose(
            CloseData.newBuilder().setNumber(number).setGroup(group).setDataId(id).setCount(count))
        .build();
  }

  private static PeerFrame body(long transfer, int bytes) {
    return body(transfer, 0, Frames.zeros(bytes));
  }

  private static PeerFrame body(long transfer, long offset, ByteString data) {
    return Frames.body(transfer, offset, data);
  }

  private static PeerFrame withdraw(long transfer) {
    return PeerFrame.newBuilder().setWithdraw(Withdraw.newBuilder().setNumber(transfer)).build();
  }

  @ParameterizedTest
  @MethodSource("laterFrames")
  void laterFrame_thatIsMalformed_endsTheStreamAndFreesWhatItWasGranted(
      List<byte[]> messages, Status.Code code, String says) throws Exception {
    try (RawStream<PeerReply> stream = rig.peer()) {
      stream.send(Frames.frame(Frames.offer(7, GROUP, "granted", 1 << 20)));
      stream.next(reply -> reply.getGranted().getNumber() == 7);
      messages.forEach(stream::send);
      assertEnds(stream, code, says);
    }
  }

  /** What gRPC does not even read is answered by gRPC, or cut off. */
  @Test
  void message_ofMoreThan4MiB_endsTheStream() throws Exception {
    try (RawStream<PeerReply> stream = rig.peer()) {
      stream.send(Frames.frame(Frames.offer(7, group, "granted", 1 << 20)));
      stream.next(reply -> reply.getGranted().getNumber() == 7);
      stream.send(body(7, 5 << 20));
      assertThat(stream.ended().getCode())
          .isIn(Status.Code.RESOURCE_EXHAUSTED, Status.Code.CANCELLED);
    }
  }

  static Stream<Arguments> bodies() {
    return Stream.of(
        arguments(named("empty", List.of(body(7, 0)))),
        arguments(named("too long", List.of(body(7, 1001)))),
        arguments(
            named(
                "too long by its second part",
                List.of(body(7, 600), body(7, 600, Frames.zeros(401))))),
        arguments(named("with a gap at its beginning", List.of(body(7, 1, Frames.zeros(999))))),
        arguments(named("with a gap", List.of(body(7, 500), body(7, 501, Frames.zeros(499))))),
        arguments(named("that overlaps", List.of(body(7, 500), body(7, 499, Frames.zeros(501))))),
        arguments(named("at a negative place", List.of(body(7, -1, Frames.zeros(1))))),
        arguments(
            named("at a place beyond all", List.of(body(7, Long.MAX_VALUE, Frames.zeros(1))))),
        arguments(
            named(
                "that says twice what stands somewhere",
                List.of(body(7, 500), body(7, 0, ByteString.copyFromUtf8("other"))))));
  }

  @ParameterizedTest
  @MethodSource("bodies")
  void body_thatDoesNotFit_endsTheStream(List<PeerFrame> parts) throws Exception {
    try (RawStream<PeerReply> stream = rig.peer()) {
      stream.send(Frames.frame(Frames.offer(7, GROUP, "granted", 1000)));
      stream.next(reply -> reply.getGranted().getNumber() == 7);
      parts.forEach(stream::send);
      assertEnds(stream, Status.Code.INVALID_ARGUMENT, "body.data");
    }
  }

  @Test
  void body_whosePartsComeTwice_isThatBody() throws Exception {
    ByteString first = ByteString.copyFromUtf8("first".repeat(100));
    ByteString second = ByteString.copyFromUtf8("other".repeat(100));
    try (RawStream<PeerReply> stream = rig.peer()) {
      stream.send(Frames.frame(Frames.offer(7, group, "id", 1000)));
      stream.next(reply -> reply.getGranted().getNumber() == 7);
      stream.send(body(7, 0, first)).send(body(7, 0, first)).send(body(7, 10, first.substring(10)));
      stream.send(body(7, 500, second)).send(body(7, 500, second));
      stream.next(reply -> reply.getTaken().getNumber() == 7);
      assertThat(rig.take(group, "id")).isEqualTo(first.concat(second));
    }
  }

  // ---- who sends

  private static final RelayIdentity VICTIM =
      RelayIdentity.newBuilder().setName("victim").setIncarnation(4711).build();

  private RawStream<PeerReply> as(RelayIdentity who, String secret) throws Exception {
    RawStream<PeerReply> stream =
        rig.link().send(hello(h -> h.setFrom(who).setSecret(ByteString.copyFromUtf8(secret))));
    stream.next(PeerReply::hasWelcome);
    return stream;
  }

  /** What it offers is not known by its name and number, which are no secret. */
  @Test
  void hello_withTheIdentityOfAnother_hasNothingTakenInItsName() throws Exception {
    // Numbers are given once.
    long number = 5;
    for (String guess : List.of("", "another", "the secre", "the secret ")) {
      long first = number++;
      long second = number++;
      String id = "forged with " + guess;
      try (RawStream<PeerReply> forger = as(VICTIM, guess);
          RawStream<PeerReply> victim = as(VICTIM, "the secret")) {
        forger.send(Frames.frame(Frames.inlineOffer(first, group, id, 8)));
        forger.send(Frames.frame(Frames.inlineOffer(Long.MAX_VALUE, group, id + "!", 8)));
        forger.next(reply -> reply.getTaken().getNumber() == Long.MAX_VALUE);

        // Not taken for a repetition of what it has never sent.
        victim.send(Frames.frame(Frames.inlineOffer(first, group, id, 8)));
        assertThat(reason(victim, first)).isEqualTo(FailureReason.FAILURE_REASON_ALREADY_EXISTS);
        rig.drain(group, id, id + "!");
        // Nor for an old word, when the forger has used up all numbers.
        victim.send(Frames.frame(Frames.inlineOffer(second, group, id + "!", 8)));
        victim.next(reply -> reply.getTaken().getNumber() == second);
        rig.drain(group, id + "!");
      }
    }
  }

  @Test
  void hello_withTheIdentityOfThisRelay_isNoWordOfItsOwn() throws Exception {
    RelayIdentity self = rig.status().getIdentity();
    try (RawStream<PeerReply> forger = as(self, "");
        RawStream<io.baton.proto.v1.ProcessReply> process = rig.process(group)) {
      forger.send(Frames.frame(Frames.inlineOffer(Long.MAX_VALUE, group, "id", 8)));
      forger.next(reply -> reply.getTaken().getNumber() == Long.MAX_VALUE);
      rig.drain(group, "id");
      process.send(
          Frames.frame(Frames.send(9, 1, Frames.chunk(group, "id", 8)).setInline(Frames.zeros(8))));
      process.next(reply -> reply.getSent().getRequest() == 9);
      rig.drain(group, "id");
      assertThat(process.complete().ended()).matches(Status::isOk);
    }
  }

  @Test
  void chunk_thatIsOfferedAgainOnAnotherStream_isKnownByItsSecret() throws Exception {
    try (RawStream<PeerReply> before = as(VICTIM, "mine")) {
      before.send(Frames.frame(Frames.inlineOffer(5, group, "id", 8)));
      before.next(reply -> reply.getTaken().getNumber() == 5);
    }
    try (RawStream<PeerReply> after = as(VICTIM, "mine")) {
      after.send(Frames.frame(Frames.inlineOffer(5, group, "id", 8)));
      after.next(reply -> reply.getTaken().getNumber() == 5);
      rig.drain(group, "id");
    }
    try (RawStream<PeerReply> stream = rig.link()) {
      stream.send(hello(h -> h.setSecret(Frames.zeros(65))));
      assertEnds(stream, Status.Code.INVALID_ARGUMENT, "hello.secret");
    }
  }

  // ---- what is refused, or means nothing, and the stream goes on

  static Stream<Arguments> refusedOffers() {
    return Stream.of(
        refused("larger than the pool", HostileRig.POOL_BYTES + 1),
        refused("larger than any memory", Long.MAX_VALUE),
        refused("larger than any memory, rounded", Long.MAX_VALUE - 63));
  }

  private static Arguments refused(String name, long bytes) {
    return arguments(named(name, Frames.frame(Frames.offer(1, GROUP, "id", bytes))));
  }

  private static FailureReason reason(RawStream<PeerReply> stream, long transfer) throws Exception {
    ParcelRefused refused =
        stream.next(reply -> reply.getRefused().getNumber() == transfer).getRefused();
    return refused.getFailure().getReason();
  }

  @ParameterizedTest
  @MethodSource("refusedOffers")
  void offer_thatNeverFits_isRefusedAndTheStreamGoesOn(PeerFrame offer) throws Exception {
    try (RawStream<PeerReply> stream = rig.peer()) {
      stream.send(offer);
      assertThat(reason(stream, 1)).isEqualTo(FailureReason.FAILURE_REASON_INVALID_ARGUMENT);
      stream.send(Frames.frame(Frames.inlineOffer(2, group, "id", 8)));
      stream.next(reply -> reply.getTaken().getNumber() == 2);
      rig.drain(group, "id");
    }
  }

  private static PeerFrame part(long number, String group, int index, int count) {
    Parcel.Builder offer = Frames.inlineOffer(number, group, "id", 8);
    offer.getChunkBuilder().setIndex(index).setCount(count);
    return Frames.frame(offer);
  }

  @Test
  void offer_thatContradictsAnEarlierOne_isRefused() throws Exception {
    try (RawStream<PeerReply> stream = rig.peer()) {
      stream.send(part(1, group, 0, 2));
      stream.next(reply -> reply.getTaken().getNumber() == 1);
      stream.send(part(2, group, 1, 3));
      assertThat(reason(stream, 2)).isEqualTo(FailureReason.FAILURE_REASON_INVALID_ARGUMENT);
      stream.send(part(3, group, 0, 2));
      assertThat(reason(stream, 3)).isEqualTo(FailureReason.FAILURE_REASON_ALREADY_EXISTS);
      stream.send(part(4, group, 1, 1));
      assertThat(reason(stream, 4)).isEqualTo(FailureReason.FAILURE_REASON_INVALID_ARGUMENT);
      stream.send(closing(group, "id", 0));
      assertThat(reason(stream, 9)).isEqualTo(FailureReason.FAILURE_REASON_INVALID_ARGUMENT);
      rig.drain(group, "id");
    }
  }

  @Test
  void words_aboutWhatWasNeverOffered_meanNothing() throws Exception {
    try (RawStream<PeerReply> stream = rig.peer()) {
      stream.send(withdraw(55)).send(withdraw(-1)).send(body(55, 100)).send(body(0, 0));
      stream.send(body(-1, 100)).send(body(STEP, 0));
      stream.send(Frames.frame(Frames.inlineOffer(Long.MAX_VALUE, group, "id", 8)));
      stream.next(reply -> reply.getTaken().getNumber() == Long.MAX_VALUE);
      rig.drain(group, "id");
    }
  }

  @Test
  void offer_ofATransferThatWaitsForItsBody_changesNothing() throws Exception {
    try (RawStream<PeerReply> stream = rig.peer()) {
      stream.send(Frames.frame(Frames.offer(1, group, "id", 1000)));
      stream.next(reply -> reply.getGranted().getNumber() == 1);
      stream.send(Frames.frame(Frames.offer(1, group, "other", 2_000_000)));
      stream.send(body(1, 1000));
      stream.next(reply -> reply.getTaken().getNumber() == 1);
      rig.drain(group, "id");
    }
  }

  @Test
  void offers_thatAreNeverFilled_leaveRoomForOthersAndGoWithTheirStream() throws Exception {
    try (RawStream<PeerReply> stream = rig.peer()) {
      for (int i = 1; i <= 64; i++) {
        stream.send(Frames.frame(Frames.offer(i, group, "id" + i, 1 << 20)));
      }
      stream.next(PeerReply::hasWaiting);
      rig.assertServes();
      assertThat(rig.relay().pool().usage().total().reserved())
          .isLessThanOrEqualTo(HostileRig.POOL_BYTES);
    }
  }

  /** What chunks without bytes say of themselves is memory, too. */
  @Test
  void offers_ofNothingWithMuchToSay_areRefusedWhenTheyTakeTooMuch() throws Exception {
    List<String> talkative = new ArrayList<>();
    for (int i = 0; i < 1024; i++) {
      talkative.add("%d%s".formatted(i, "x".repeat(1000)));
    }
    try (RawStream<PeerReply> stream = rig.peer()) {
      int offers = 100;
      for (int i = 1; i <= offers; i++) {
        Parcel.Builder offer = Frames.inlineOffer(i, group, "id" + i, 0);
        offer.getChunkBuilder().addAllNextPeers(talkative);
        stream.send(Frames.frame(offer));
      }
      int taken = 0;
      for (int i = 1; i <= offers; i++) {
        long transfer = i;
        PeerReply reply =
            stream.next(
                any ->
                    any.getTaken().getNumber() == transfer
                        || any.getRefused().getNumber() == transfer);
        taken += reply.hasTaken() ? 1 : 0;
        assertThat(reply.hasTaken()).isEqualTo(taken == i);
        if (reply.hasRefused()) {
          assertThat(reply.getRefused().getFailure().getReason())
              .isEqualTo(FailureReason.FAILURE_REASON_RESOURCE_EXHAUSTED);
        }
      }
      // Three quarters of the room: the rest is for those who wait.
      assertThat(taken).isBetween(20, 36);
      assertThat(rig.status().getExchange().getHeapBytes()).isBetween(32L << 20, 64L << 20);
      rig.drain(
          group, IntStream.rangeClosed(1, taken).mapToObj(i -> "id" + i).toArray(String[]::new));
    }
  }

  // ---- pools that are none

  private Path file(String name, byte[] content) throws Exception {
    return Files.write(directory.resolve(name), content);
  }

  /** As a pool begins, with that size in its header. */
  private static byte[] poolHeader(long id, long size) {
    return ByteBuffer.allocate(64)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put("BATNPOOL".getBytes(java.nio.charset.StandardCharsets.US_ASCII))
        .putLong(1)
        .putLong(id)
        .putLong(size)
        .putLong(1)
        .array();
  }

  private Path sparse(String name, long claimed, long actual) throws Exception {
    Path path = file(name, poolHeader(5, claimed));
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength(actual);
    }
    return path;
  }

  private PeerFrame localHello(String path, long id) {
    return hello(
        hello ->
            hello
                .clearLanes()
                .addLanes(LaneKind.LANE_KIND_LOCAL)
                .setData(
                    DataAddress.newBuilder()
                        .setPool(SharedPool.newBuilder().setPath(path).setId(id))));
  }

  private LaneKind laneOf(String path, long id) throws Exception {
    try (RawStream<PeerReply> stream = rig.link()) {
      return stream.send(localHello(path, id)).next(PeerReply::hasWelcome).getWelcome().getLane();
    }
  }

  @Test
  void hello_withAPoolThatIsNone_isAnsweredWithTheLaneGrpc() throws Exception {
    Path pipe = directory.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    Path link = Files.createSymbolicLink(directory.resolve("link"), rig.relay().pool().path());
    Path pipeLink = Files.createSymbolicLink(directory.resolve("pipe link"), pipe);
    List<String> paths =
        List.of(
            "",
            "relative",
            "/",
            "/no/such/file",
            "/etc/passwd",
            "/proc/self/mem",
            "/dev/zero",
            "/dev/full",
            "\0",
            "/" + "x".repeat(5000),
            "/" + "x/".repeat(2000),
            directory.toString(),
            rig.socket().toString(),
            pipe.toString(),
            pipeLink.toString(),
            link.toString(),
            file("empty", new byte[0]).toString(),
            file("zeros", new byte[8192]).toString(),
            sparse("claims more", 1L << 40, 8192).toString(),
            sparse("claims less", 4096, 8192).toString());
    for (String path : paths) {
      assertThat(laneOf(path, rig.relay().pool().id())).as(path).isEqualTo(LaneKind.LANE_KIND_GRPC);
    }
    assertThat(laneOf(rig.relay().pool().path().toString(), 1)).isEqualTo(LaneKind.LANE_KIND_GRPC);
  }

  @Test
  void hello_withAPoolWhereNoPoolsLie_isAnsweredWithTheLaneGrpc() throws Exception {
    Path elsewhere = Files.createDirectories(directory.resolve("elsewhere"));
    PoolConfig config = PoolConfig.of("stranger", 1 << 20);
    try (PinnedPool beside = PinnedPool.create(config.withDirectory(directory));
        PinnedPool stranger = PinnedPool.create(config.withDirectory(elsewhere))) {
      assertThat(laneOf(beside.path().toString(), beside.id())).isEqualTo(LaneKind.LANE_KIND_LOCAL);
      assertThat(laneOf(stranger.path().toString(), stranger.id()))
          .isEqualTo(LaneKind.LANE_KIND_GRPC);
      Path roundabout = elsewhere.resolve("..").resolve(beside.path().getFileName());
      assertThat(laneOf(roundabout.toString(), beside.id())).isEqualTo(LaneKind.LANE_KIND_GRPC);
    }
  }

  private void assertGone(RawStream<PeerReply> stream, long transfer, SlotHandle.Builder handle)
      throws Exception {
    stream.send(Frames.frame(Frames.offer(transfer, group, "id", 100).setShared(handle)));
    assertThat(reason(stream, transfer)).isEqualTo(FailureReason.FAILURE_REASON_GONE);
  }

  @Test
  void handles_ofNoSlot_areRefusedAndTheStreamGoesOn() throws Exception {
    // A pool that is a file of a TiB, nearly all of it without memory.
    long size = 1L << 40;
    Path huge = sparse("huge", size, size);
    try (RawStream<PeerReply> stream = rig.link()) {
      stream.send(localHello(huge.toString(), 5));
      assertThat(stream.next(PeerReply::hasWelcome).getWelcome().getLane())
          .isEqualTo(LaneKind.LANE_KIND_LOCAL);
      assertGone(stream, 1, SlotHandle.newBuilder().setPool(6).setOffset(128).setGeneration(1));
      long transfer = 2;
      for (long offset :
          new long[] {0, 1, 64, 127, 128, size, size - 64, size + 64, Long.MAX_VALUE}) {
        assertGone(
            stream,
            transfer++,
            SlotHandle.newBuilder().setPool(5).setOffset(offset).setGeneration(1));
      }
      // The magic number where a generation would be, with a size behind it that is the version.
      assertGone(
          stream,
          transfer,
          SlotHandle.newBuilder().setPool(5).setOffset(64).setGeneration(0x4c4f_4f50_4e54_4142L));
      Files.delete(huge);
    }
  }

  /** Whoever makes a file shorter that others have mapped makes their reading of it fail. */
  @Test
  void pool_thatIsCutShortWhileItIsUsed_endsNothingElse() throws Exception {
    Path pool = sparse("cut", 1 << 20, 1 << 20);
    try (RawStream<PeerReply> stream = rig.link()) {
      stream.send(localHello(pool.toString(), 5));
      stream.next(PeerReply::hasWelcome);
      try (RandomAccessFile file = new RandomAccessFile(pool.toFile(), "rw")) {
        file.setLength(0);
      }
      assertGone(stream, 1, SlotHandle.newBuilder().setPool(5).setOffset(65_536).setGeneration(9));
      rig.assertServes();
    }
  }

  // ---- anything at all

  @Test
  void mutatedFrames_endNothingButTheirStreams() throws Exception {
    Mutations mutations = new Mutations(20_261_121);
    List<PeerFrame> samples =
        List.of(
            Frames.frame(Frames.peerHello()),
            chunk(chunk -> chunk.setGroup(group).addNextPeers("next")),
            Frames.frame(Frames.offer(2, group, "granted", 1000)),
            offer(
                offer ->
                    offer
                        .setNumber(3)
                        .clearBody()
                        .getChunkBuilder()
                        .setGroup(group)
                        .setContent(Frames.tensor(64))),
            Frames.frame(
                Frames.offer(4, group, "shared", 64)
                    .setShared(SlotHandle.newBuilder().setPool(1).setOffset(128).setGeneration(3))),
            body(2, 500),
            withdraw(2),
            closing(group, "id", 1));
    int streams = 400;
    int perStream = 5;
    for (int i = 0; i < streams; i++) {
      try (RawStream<PeerReply> stream = rig.link()) {
        if (mutations.below(10) > 0) {
          stream.send(Frames.frame(Frames.peerHello()));
        }
        for (int frame = 0; frame < perStream; frame++) {
          byte[] sample = samples.get(mutations.below(samples.size())).toByteArray();
          stream.send(mutations.below(4) == 0 ? sample : mutations.of(sample));
        }
        stream.complete().ended();
      }
    }
    rig.assertNobodyLeft();
    assertThat(rig.status().getExchange().getHeapBytes()).isLessThan(8 << 20);
    // What was taken is kept for whoever it was for; with the relay it goes.
    rig.close();
    rig = new HostileRig(directory);
  }
}
