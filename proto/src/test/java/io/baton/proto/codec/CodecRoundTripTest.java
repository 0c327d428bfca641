package io.baton.proto.codec;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.baton.proto.v1.Open;
import io.baton.proto.v1.PayloadHeader;
import io.baton.session.exchange.ChunkHeader;
import io.baton.session.exchange.Content;
import io.baton.session.exchange.Failure;
import io.baton.session.exchange.Member;
import io.baton.session.model.DType;
import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.Peer;
import io.baton.session.model.Push;
import io.baton.session.model.Source;
import io.baton.session.model.StageRole;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import io.baton.verification.PayloadDigester;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CodecRoundTripTest {

  private static final int SAMPLES = 200;

  @Test
  void everyValue_comesBackEqual() throws Exception {
    for (int seed = 0; seed < SAMPLES; seed++) {
      Samples samples = new Samples(seed);
      TensorSpec spec = samples.spec();
      assertThat(TensorCodec.fromWire(TensorCodec.toWire(spec))).isEqualTo(spec);
      Digest digest = samples.digest();
      assertThat(DigestCodec.fromWire(DigestCodec.toWire(digest))).isEqualTo(digest);
      var session = samples.session();
      assertThat(IdCodec.fromWire(IdCodec.toWire(session))).isEqualTo(session);
      Peer peer = samples.peer();
      assertThat(IdCodec.fromWire(IdCodec.toWire(peer))).as("seed %d", seed).isEqualTo(peer);
      Peer backed = samples.peerWithStandby();
      assertThat(IdCodec.fromWire(IdCodec.toWire(backed))).as("seed %d", seed).isEqualTo(backed);
      var absorbed = samples.absorbed();
      assertThat(AbsorbedCodec.fromWire(AbsorbedCodec.toWire(absorbed))).isEqualTo(absorbed);
      var stage = samples.stage();
      assertThat(StageCodec.fromWire(StageCodec.toWire(stage))).isEqualTo(stage);
      Content content = samples.content();
      assertThat(ContentCodec.fromWire(ContentCodec.toWire(content))).isEqualTo(content);
      Failure failure = samples.failure();
      assertThat(FailureCodec.fromWire(FailureCodec.toWire(failure))).isEqualTo(failure);
      ChunkHeader chunk = samples.chunk();
      assertThat(ChunkingCodec.fromWire(ChunkingCodec.toWire(chunk)))
          .as("seed %d", seed)
          .isEqualTo(chunk);
    }
  }

  @Test
  void slotAndPool_comeBackEqual() throws Exception {
    assertThat(
            ExchangeCodec.<List<Long>>slotFromWire(
                ExchangeCodec.slotToWire(-1, 4096, Long.MIN_VALUE), List::of))
        .containsExactly(-1L, 4096L, Long.MIN_VALUE);
    PoolAddress pool = new PoolAddress("/dev/shm/größe", -7);
    assertThat(ExchangeCodec.fromWire(ExchangeCodec.toWire(pool))).isEqualTo(pool);
  }

  @ParameterizedTest
  @EnumSource
  void failureReason_hasItsName(Failure.Reason reason) {
    assertThat(FailureCodec.toWire(new Failure(reason, "")).getReason().name())
        .isEqualTo("FAILURE_REASON_" + reason.name());
  }

  @Test
  void failure_whoseMessageIsLong_isCut() throws Exception {
    Failure failure = new Failure(Failure.Reason.GONE, "x".repeat(10_000));
    assertThat(FailureCodec.fromWire(FailureCodec.toWire(failure)).message()).hasSize(8192);
  }

  @Test
  void destination_givenUnsorted_isSortedByRank() throws Exception {
    var wire = io.baton.proto.v1.Destination.newBuilder().setGroup("g");
    for (int rank : List.of(2, 0, 1)) {
      wire.addMembersBuilder().setRank(rank);
    }
    assertThat(DestinationCodec.fromWire(wire.build()).members())
        .extracting(Member::rank)
        .containsExactly(0, 1, 2);
  }

  @Test
  void push_comesBackEqual() throws Exception {
    Payload payload =
        new PayloadDigester(Digest.Algorithm.SHA256)
            .payload(Tensor.ofFloats(new float[] {1, 2}, 1, 2));
    for (int seed = 0; seed < SAMPLES; seed++) {
      Samples samples = new Samples(seed);
      Push push =
          new Push(samples.session(), samples.ticket(), samples.step(), samples.peers(), payload);
      PushHead head = PushCodec.fromWire(PushCodec.toWire(push));
      assertThat(head.with(payload)).as("seed %d", seed).isEqualTo(push);
      assertThat(head.payload())
          .isEqualTo(
              new PayloadOutline(
                  payload.activations().spec(), List.of(), Optional.of(payload.digest()), 8));
    }
  }

  @ParameterizedTest
  @EnumSource
  void dtype_hasItsNumberOfTheWireFormat(DType dtype) {
    var wire = io.baton.proto.v1.DType.forNumber(dtype.number());
    assertThat(wire).isNotNull();
    assertThat(String.valueOf(wire)).isEqualTo("DTYPE_" + dtype.name());
  }

  @ParameterizedTest
  @EnumSource
  void digestAlgorithm_hasItsName(Digest.Algorithm algorithm) {
    assertThat(DigestCodec.toWire(algorithm).name())
        .isEqualTo("DIGEST_ALGORITHM_" + algorithm.name());
  }

  @ParameterizedTest
  @EnumSource
  void role_comesBackEqual(StageRole role) throws Exception {
    assertThat(RoleCodec.fromWire(RoleCodec.toWire(role).getNumber(), "role")).isEqualTo(role);
    assertThat(RoleCodec.toWire(role).name()).isEqualTo("STAGE_ROLE_" + role.name());
  }

  @Test
  void role_ofAClientThatNamesNone_isActive() throws Exception {
    assertThat(RoleCodec.fromWire(Open.getDefaultInstance().getRoleValue(), "role"))
        .isEqualTo(StageRole.ACTIVE);
  }

  @ParameterizedTest
  @EnumSource
  void source_comesBackEqual(Source source) throws Exception {
    assertThat(SourceCodec.fromWire(SourceCodec.toWire(source).getNumber(), "source"))
        .isEqualTo(source);
  }

  @Test
  void sideInputs_travelInTheOrderOfTheirUtf8Bytes() throws Exception {
    // In UTF-16 the second sorts before the first, because its surrogates do.
    TreeMap<String, Tensor> sides = new TreeMap<>();
    sides.put("\uFF5E", Tensor.ofFloats(new float[] {1}, 1));
    sides.put("\uD83D\uDE00", Tensor.ofFloats(new float[] {2}, 1));
    assertThat(sides.firstKey()).isEqualTo("\uD83D\uDE00");
    Payload payload =
        new PayloadDigester(Digest.Algorithm.XXH3_128)
            .payload(Tensor.ofFloats(new float[] {0}, 1, 1), sides);

    PayloadHeader header =
        PayloadHeaderCodec.describe(payload).setInline(ByteString.copyFrom(new byte[12])).build();

    assertThat(PayloadHeaderCodec.fromWire(header).outline().sideInputs())
        .extracting(PayloadOutline.Side::name)
        .containsExactly("\uFF5E", "\uD83D\uDE00");
    assertThat(PayloadOutlineCodec.tensors(payload))
        .containsExactlyElementsOf(
            List.of(
                payload.activations(),
                Tensor.ofFloats(new float[] {1}, 1),
                Tensor.ofFloats(new float[] {2}, 1)));
  }

  @Test
  void unknownFields_areIgnored() throws Exception {
    UnknownFieldSet unknown =
        UnknownFieldSet.newBuilder()
            .addField(999, UnknownFieldSet.Field.newBuilder().addVarint(7).build())
            .build();
    Peer peer = new Samples(1).peer();
    assertThat(IdCodec.fromWire(IdCodec.toWire(peer).toBuilder().setUnknownFields(unknown).build()))
        .isEqualTo(peer);
  }
}
