package io.baton.proto.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import io.baton.proto.v1.Absorbed;
import io.baton.proto.v1.Chunking;
import io.baton.proto.v1.DType;
import io.baton.proto.v1.Destination;
import io.baton.proto.v1.Digest;
import io.baton.proto.v1.DigestAlgorithm;
import io.baton.proto.v1.Empty;
import io.baton.proto.v1.Failure;
import io.baton.proto.v1.FailureReason;
import io.baton.proto.v1.Member;
import io.baton.proto.v1.Parcel;
import io.baton.proto.v1.PayloadHeader;
import io.baton.proto.v1.Peer;
import io.baton.proto.v1.RelayIdentity;
import io.baton.proto.v1.SessionId;
import io.baton.proto.v1.SharedPool;
import io.baton.proto.v1.SideInput;
import io.baton.proto.v1.SlotHandle;
import io.baton.proto.v1.StageInfo;
import io.baton.proto.v1.StepHead;
import io.baton.proto.v1.TensorSpec;
import io.baton.session.exchange.Content;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class MalformedFrameTest {

  private static final TensorSpec SPEC =
      TensorSpec.newBuilder().setDtype(DType.DTYPE_F32).addShape(1).addShape(2).build();
  private static final Digest DIGEST =
      Digest.newBuilder()
          .setAlgorithm(DigestAlgorithm.DIGEST_ALGORITHM_SHA256)
          .setValue(ByteString.copyFrom(new byte[32]))
          .build();

  private static void refuses(ThrowingCallable decode, String message) {
    assertThatExceptionOfType(MalformedFrameException.class)
        .isThrownBy(decode)
        .withMessage(message);
  }

  private static void refusesSpec(Consumer<TensorSpec.Builder> spoil, String message) {
    TensorSpec.Builder wire = SPEC.toBuilder();
    spoil.accept(wire);
    refuses(() -> TensorCodec.fromWire(wire.build()), message);
  }

  private static void refusesStage(Consumer<StageInfo.Builder> spoil, String message) {
    StageInfo.Builder wire = StageCodec.toWire(new Samples(3).stage()).toBuilder();
    spoil.accept(wire);
    refuses(() -> StageCodec.fromWire(wire.build()), message);
  }

  private static void refusesPeer(Consumer<Peer.Builder> spoil, String message) {
    Peer.Builder wire = IdCodec.toWire(new Samples(3).peer()).toBuilder();
    spoil.accept(wire);
    refuses(() -> IdCodec.fromWire(wire.build()), message);
  }

  private static void refusesHeader(Consumer<PayloadHeader.Builder> spoil, String message) {
    PayloadHeader.Builder wire =
        PayloadHeader.newBuilder().setActivations(SPEC).setInline(ByteString.copyFrom(new byte[8]));
    spoil.accept(wire);
    refuses(() -> PayloadHeaderCodec.fromWire(wire.build()), message);
  }

  @Test
  void tensorSpec_namesTheDimensionAndItsValue() {
    refusesSpec(TensorSpec.Builder::clearDtype, "dtype: missing");
    refusesSpec(wire -> wire.setDtypeValue(99), "dtype: 99 is no known type");
    refusesSpec(wire -> wire.setDtypeValue(-1), "dtype: -1 is no known type");
    refusesSpec(wire -> wire.setShape(1, -4), "shape[1]: -4 is not within 0-2147483647");
    refusesSpec(
        wire -> wire.setShape(0, 1L << 31), "shape[0]: 2147483648 is not within 0-2147483647");
    refusesSpec(
        wire -> wire.addAllShape(List.of(1L, 1L, 1L, 1L, 1L, 1L, 1L)),
        "shape: 9 dimensions; at most 8");
    refusesSpec(
        wire ->
            wire.setShape(0, Integer.MAX_VALUE)
                .setShape(1, Integer.MAX_VALUE)
                .addShape(Integer.MAX_VALUE),
        "shape: shape [2147483647, 2147483647, 2147483647] takes more bytes than can be counted");
  }

  @Test
  void digest_namesAlgorithmAndLength() {
    Digest good =
        Digest.newBuilder()
            .setAlgorithm(DigestAlgorithm.DIGEST_ALGORITHM_SHA256)
            .setValue(ByteString.copyFrom(new byte[31]))
            .build();
    refuses(() -> DigestCodec.fromWire(good), "value: 31 bytes; a digest by SHA256 has 32");
    refuses(
        () -> DigestCodec.fromWire(good.toBuilder().clearAlgorithm().build()),
        "algorithm: missing");
    refuses(
        () -> DigestCodec.fromWire(good.toBuilder().setAlgorithmValue(7).build()),
        "algorithm: 7 is no known algorithm");
  }

  @Test
  void peer_namesThePartThatIsWrong() {
    refusesPeer(Peer.Builder::clearIdentity, "identity: missing");
    refusesPeer(wire -> wire.getIdentityBuilder().clearName(), "identity.name: missing");
    refusesPeer(
        wire -> wire.getIdentityBuilder().setName("x".repeat(256)),
        "identity.name: 256 bytes, \"%s...\"; at most 255".formatted("x".repeat(64)));
    refusesPeer(Peer.Builder::clearAddress, "address: missing");
    refusesPeer(wire -> wire.setAddress("host"), "address: \"host\" has no port: HOST:PORT");
    refusesPeer(
        wire -> wire.setAddress("a\nb:1"),
        "address: \"a?b\" is neither a host name nor an address");
    refusesPeer(wire -> wire.setAddress("host:0"), "address: host:0 is nowhere to connect to");
    refusesPeer(Peer.Builder::clearTicket, "ticket: missing");
    refusesPeer(
        wire -> wire.setTicket(ByteString.copyFrom(new byte[513])),
        "ticket: 513 bytes; at most 512");
  }

  @Test
  void standby_namesThePartThatIsWrong() {
    Peer whole = IdCodec.toWire(new Samples(3).peerWithStandby());
    refusesPeer(wire -> wire.setStandby(Peer.getDefaultInstance()), "standby.identity: missing");
    refusesPeer(
        wire -> wire.setStandby(whole.getStandby().toBuilder().setAddress("host")),
        "standby.address: \"host\" has no port: HOST:PORT");
    refusesPeer(
        wire -> wire.setStandby(whole.getStandby().toBuilder().clearTicket()),
        "standby.ticket: missing");
    refusesPeer(wire -> wire.setStandby(whole), "standby.standby: a standby has none of its own");
  }

  @Test
  void role_thatIsUnknown_isRefused() {
    refuses(() -> RoleCodec.fromWire(9, "role"), "role: 9 is no known role");
    refuses(() -> RoleCodec.fromWire(-1, "role"), "role: -1 is no known role");
  }

  @Test
  void absorbed_namesTheFieldThatIsWrong() {
    refusesAbsorbed(Absorbed.Builder::clearSource, "source: missing");
    refusesAbsorbed(wire -> wire.setSourceValue(7), "source: 7 is no known source");
    refusesAbsorbed(Absorbed.Builder::clearInputDigest, "input_digest: missing");
    refusesAbsorbed(
        wire -> wire.getInputDigestBuilder().clearAlgorithm(), "input_digest.algorithm: missing");
    refusesAbsorbed(
        wire -> wire.setEpoch(-1), "epoch: 18446744073709551615 is beyond 9223372036854775807");
    refusesAbsorbed(wire -> wire.setPosition(-1), "position: 4294967295 is beyond 2147483647");
    refusesAbsorbed(
        wire -> wire.setCurrentLength(-1), "current_length: 4294967295 is beyond 2147483647");
  }

  private static void refusesAbsorbed(Consumer<Absorbed.Builder> spoil, String message) {
    Absorbed.Builder wire = AbsorbedCodec.toWire(new Samples(3).absorbed()).toBuilder();
    spoil.accept(wire);
    refuses(() -> AbsorbedCodec.fromWire(wire.build()), message);
  }

  @Test
  void step_refusesNumbersThatOverflow() {
    refuses(
        () -> StepCodec.fromWire(-1, 0, 0, 0),
        "epoch: 18446744073709551615 is beyond 9223372036854775807");
    refuses(
        () -> StepCodec.fromWire(0, Long.MIN_VALUE, 0, 0),
        "step: 9223372036854775808 is beyond 9223372036854775807");
    refuses(() -> StepCodec.fromWire(0, 0, -1, 0), "position: 4294967295 is beyond 2147483647");
    refuses(() -> StepCodec.fromWire(0, 0, 0, -1), "count: 4294967295 is beyond 2147483647");
    refuses(
        () -> StepCodec.fromWire(1, 2, Integer.MAX_VALUE, 1),
        "count: step 1.2 at position 2147483647 of 1 tokens");
  }

  @Test
  void stage_namesTheFieldThatIsWrong() {
    refusesStage(StageInfo.Builder::clearModelId, "model_id: missing");
    refusesStage(StageInfo.Builder::clearSpan, "span: missing");
    refusesStage(
        wire -> wire.getSpanBuilder().setFirst(5).setEnd(5),
        "span.end: not a span of layers: [5, 5)");
    refusesStage(
        wire -> wire.setModelLayers(2).getSpanBuilder().setFirst(0).setEnd(3),
        "span: layers 0-2 of a model of 2 layers");
    refusesStage(wire -> wire.setMaxLength(-1), "max_length: 4294967295 is beyond 2147483647");
    refusesStage(wire -> wire.setMaxLength(0), "max_length: 0; a stage holds at least one token");
    refusesStage(StageInfo.Builder::clearInputRow, "input_row: missing");
    refusesStage(
        wire -> wire.getOutputRowBuilder().setDtypeValue(77),
        "output_row.dtype: 77 is no known type");
    refusesStage(
        wire -> wire.clearSideInputs().addSideInputs("a").addSideInputs("a"),
        "side_inputs: \"a\" stands twice");
    refusesStage(wire -> wire.addSideInputs(""), "side_inputs: missing");
  }

  @Test
  void payloadHeader_namesWhatDoesNotFit() {
    refusesHeader(PayloadHeader.Builder::clearActivations, "activations: missing");
    refusesHeader(
        wire -> wire.getActivationsBuilder().setShape(0, -1),
        "activations.shape[0]: -1 is not within 0-2147483647");
    refusesHeader(PayloadHeader.Builder::clearInline, "inline: 0 bytes; the tensors take 8");
    refusesHeader(wire -> wire.setChunkCount(1), "inline: 8 bytes beside 1 chunks");
    refusesHeader(wire -> wire.clearInline().setChunkCount(9), "chunk_count: 9 chunks for 8 bytes");
    refusesHeader(
        wire -> wire.clearInline().setChunkCount(-1),
        "chunk_count: 4294967295 is beyond 2147483647");
    refusesHeader(wire -> wire.setDigest(Digest.getDefaultInstance()), "digest.algorithm: missing");
    refusesHeader(
        wire -> wire.addSideInputs(SideInput.newBuilder().setName("a")),
        "side_inputs[0].spec: missing");
    SideInput side = SideInput.newBuilder().setName("a").setSpec(SPEC).build();
    refusesHeader(
        wire -> wire.addSideInputs(side).addSideInputs(side),
        "side_inputs[1].name: \"a\" is not after the one before it");
    TensorSpec vast = SPEC.toBuilder().setShape(0, 1L << 30).setShape(1, 1L << 30).build();
    refusesHeader(
        wire ->
            wire.setActivations(vast)
                .addSideInputs(side.toBuilder().setSpec(vast))
                .addSideInputs(side.toBuilder().setName("b").setSpec(vast)),
        "side_inputs: more bytes altogether than can be counted");
    SlotHandle handle = SlotHandle.newBuilder().setOffset(128).setGeneration(5).build();
    refusesHeader(wire -> wire.setShared(handle), "shared: beside 8 bytes and 0 chunks");
    refusesHeader(
        wire -> wire.clearInline().setChunkCount(1).setShared(handle),
        "shared: beside 0 bytes and 1 chunks");
    refusesHeader(
        wire -> wire.clearInline().setShared(handle.toBuilder().clearGeneration()),
        "shared.generation: missing");
    refusesHeader(
        wire -> wire.clearInline().setShared(handle.toBuilder().setOffset(-1)),
        "shared.offset: 18446744073709551615 is beyond 9223372036854775807");
  }

  @Test
  void push_namesTheMissingPart() {
    StepHead good =
        StepHead.newBuilder()
            .setSession(SessionId.newBuilder().setHigh(1))
            .setTicket(ByteString.copyFromUtf8("t"))
            .setActivations(SPEC)
            .setDigest(DIGEST)
            .build();
    refuses(() -> PushCodec.fromWire(good.toBuilder().clearSession().build()), "session: missing");
    refuses(() -> PushCodec.fromWire(good.toBuilder().clearTicket().build()), "ticket: missing");
    refuses(
        () -> PushCodec.fromWire(good.toBuilder().clearActivations().build()),
        "activations: missing");
    refuses(() -> PushCodec.fromWire(good.toBuilder().clearDigest().build()), "digest: missing");
    refuses(
        () -> PushCodec.fromWire(good.toBuilder().addSideInputs(SideInput.newBuilder()).build()),
        "side_inputs[0].name: missing");
    refuses(
        () ->
            PushCodec.fromWire(
                good.toBuilder()
                    .addNextPeers(IdCodec.toWire(new Samples(1).peer()))
                    .addNextPeers(Peer.newBuilder().setIdentity(RelayIdentity.getDefaultInstance()))
                    .build()),
        "next_peers[1].identity.name: missing");
  }

  @Test
  void chunk_namesTheFieldThatIsWrong() {
    refusesChunk(Chunking.Builder::clearDataId, "data_id: missing");
    refusesChunk(
        wire -> wire.setDataId("x".repeat(1025)),
        "data_id: 1025 bytes, \"%s...\"; at most 1024".formatted("x".repeat(64)));
    refusesChunk(wire -> wire.setIndex(-1), "index: 4294967295 is beyond 2147483647");
    refusesChunk(wire -> wire.setCount(0), "count: 0; there is a chunk");
    refusesChunk(wire -> wire.setIndex(3).setCount(3), "index: 3 of 3 chunks");
    refusesChunk(Chunking.Builder::clearContent, "content: missing");
    refusesChunk(wire -> wire.getContentBuilder().clearKind(), "content.kind: missing");
    refusesChunk(
        wire -> wire.getContentBuilder().setTensor(SPEC).setBytes(9),
        "content.bytes: 9; a tensor of f32[1, 2] takes 8");
    refusesChunk(
        wire -> wire.getContentBuilder().setObject(Empty.getDefaultInstance()).setBytes(-1),
        "content.bytes: 18446744073709551615 is beyond 9223372036854775807");
    refusesChunk(wire -> wire.addNextPeers("a").addNextPeers(""), "next_peers[1]: missing");
    refusesChunk(
        wire -> wire.addAllNextPeers(Collections.nCopies(1025, "a")),
        "next_peers: 1025 entries; at most 1024");
  }

  @Test
  void destination_namesTheFieldThatIsWrong() {
    refusesChunk(Chunking.Builder::clearDestinations, "destinations: missing");
    refusesChunk(
        wire -> wire.addAllDestinations(Collections.nCopies(64, GROUP)),
        "destinations: 65 entries; at most 64");
    refusesChunk(
        wire -> wire.addDestinations(GROUP),
        "destinations: group g stands twice among the destinations");
    refusesDestination(Destination.Builder::clearGroup, "destinations[0].group: missing");
    refusesDestination(Destination.Builder::clearMembers, "destinations[0].members: missing");
    refusesDestination(
        wire -> wire.addAllMembers(Collections.nCopies(1024, Member.getDefaultInstance())),
        "destinations[0].members: 1025 entries; at most 1024");
    refusesDestination(
        wire -> wire.addMembers(Member.getDefaultInstance()),
        "destinations[0].members: group g has two members of rank 0");
    refusesDestination(
        wire -> wire.getMembersBuilder(0).setRank(-1),
        "destinations[0].members[0].rank: 4294967295 is beyond 2147483647");
    refusesDestination(
        wire -> wire.getMembersBuilder(0).setRelay("host"),
        "destinations[0].members[0].relay: \"host\" has no port: HOST:PORT");
    refusesDestination(
        wire -> wire.getMembersBuilder(0).setRelay("host:0"),
        "destinations[0].members[0].relay: host:0 is nowhere to connect to");
  }

  private static final Destination GROUP =
      Destination.newBuilder().setGroup("g").addMembers(Member.getDefaultInstance()).build();

  private static void refusesDestination(Consumer<Destination.Builder> spoil, String message) {
    refusesChunk(wire -> spoil.accept(wire.getDestinationsBuilder(0)), message);
  }

  private static void refusesChunk(Consumer<Chunking.Builder> spoil, String message) {
    Chunking.Builder wire =
        Chunking.newBuilder()
            .setDataId("d")
            .setContent(ContentCodec.toWire(new Content.OfObject(7)))
            .addDestinations(GROUP);
    spoil.accept(wire);
    refuses(() -> ChunkingCodec.fromWire(wire.build()), message);
  }

  @Test
  void failure_namesTheFieldThatIsWrong() {
    refuses(() -> FailureCodec.fromWire(Failure.getDefaultInstance()), "reason: missing");
    refuses(
        () -> FailureCodec.fromWire(Failure.newBuilder().setReasonValue(77).build()),
        "reason: 77 is no known reason");
    Failure.Builder gone = Failure.newBuilder().setReason(FailureReason.FAILURE_REASON_GONE);
    refuses(
        () -> FailureCodec.fromWire(gone.setMessage("x".repeat(8193)).build()),
        "message: 8193 characters; at most 8192");
  }

  @Test
  void failure_cannotForgeALogLine() throws Exception {
    Failure wire =
        Failure.newBuilder()
            .setReason(FailureReason.FAILURE_REASON_GONE)
            .setMessage("a\nb")
            .build();
    assertThat(FailureCodec.fromWire(wire).message()).isEqualTo("a?b");
  }

  @Test
  void slotAndPool_nameTheFieldThatIsWrong() {
    SlotHandle slot = ExchangeCodec.slotToWire(1, -1, 1);
    refuses(
        () -> ExchangeCodec.slotFromWire(slot, List::of),
        "offset: 18446744073709551615 is beyond 9223372036854775807");
    refuses(
        () -> ExchangeCodec.slotFromWire(slot.toBuilder().clearGeneration().build(), List::of),
        "generation: missing");
    refuses(() -> ExchangeCodec.fromWire(SharedPool.getDefaultInstance()), "path: missing");
    refuses(
        () -> ExchangeCodec.fromWire(SharedPool.newBuilder().setPath("pool").build()),
        "path: \"pool\" is no absolute path");
  }

  @Test
  void range_liesWithinTheChunk() {
    refuses(
        () -> ExchangeCodec.checkRange(-1, 1, 1),
        "from: 18446744073709551615 is beyond 9223372036854775807");
    refuses(() -> ExchangeCodec.checkRange(2, 1, 9), "to: bytes 2 to 1 of a chunk of 9");
    refuses(() -> ExchangeCodec.checkRange(0, 10, 9), "to: bytes 0 to 10 of a chunk of 9");
  }

  /** Whatever bytes come, a decoder answers with a value or with its own exception. */
  @Test
  void randomBytes_areDecodedOrRefused() {
    int decoded = 0;
    for (int seed = 0; seed < 3000; seed++) {
      Random random = new Random(seed);
      byte[] bytes = SpoiledPush.spoiled(random);
      try {
        PushCodec.fromWire(Parcel.parseFrom(bytes).getStep());
        decoded++;
      } catch (InvalidProtocolBufferException | MalformedFrameException e) {
        assertThat(e.getMessage()).as("seed %d", seed).isNotEmpty();
      }
    }
    assertThat(decoded).isPositive();
  }

  /** Good pushes with a few of their bytes changed, added or cut off. */
  private static final class SpoiledPush {

    private SpoiledPush() {}

    static byte[] spoiled(Random random) {
      Samples samples = new Samples(random.nextLong());
      Parcel.Builder parcel =
          Parcel.newBuilder().setNumber(Long.MIN_VALUE).setInline(ByteString.copyFrom(new byte[8]));
      parcel
          .getStepBuilder()
          .setSession(IdCodec.toWire(samples.session()))
          .setTicket(IdCodec.toWire(samples.ticket()))
          .addAllNextPeers(IdCodec.peersToWire(samples.peers()))
          .setActivations(SPEC)
          .setDigest(DIGEST);
      byte[] bytes = parcel.build().toByteArray();
      for (int n = random.nextInt(4); n > 0; n--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      return random.nextInt(4) == 0
          ? java.util.Arrays.copyOf(bytes, random.nextInt(2 * bytes.length))
          : bytes;
    }
  }
}
