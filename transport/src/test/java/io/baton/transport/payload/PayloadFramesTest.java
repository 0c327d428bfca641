package io.baton.transport.payload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.DigestCodec;
import io.baton.proto.codec.PayloadHeaderCodec;
import io.baton.proto.v1.Chunk;
import io.baton.proto.v1.PayloadHeader;
import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.transport.Budget;
import io.baton.transport.Payloads;
import io.baton.transport.pinned.PoolUse;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PayloadFramesTest {

  private static final ChunkingConfig SMALL = new ChunkingConfig(16, 10);
  private static final DigestRule ANNOUNCED = new DigestRule.Announced();

  private final Budget budget = new Budget(1 << 20);
  private final PayloadLink link = PayloadMemory.none().link(PoolUse.COMMAND, "nobody", 1, _ -> {});
  private final PayloadAssembler assembler = link.assembler(1 << 20, budget);

  @AfterEach
  void budget_isBalanced() {
    assembler.close();
    assertThat(budget.used()).isZero();
  }

  /** Through bytes and back, as a stream would. */
  private static PayloadFrames sent(PayloadFrames frames) throws Exception {
    PayloadHeader header = PayloadHeader.parseFrom(frames.header().toByteArray());
    java.util.ArrayList<Chunk> chunks = new java.util.ArrayList<>();
    for (Chunk chunk : frames.chunks()) {
      chunks.add(Chunk.parseFrom(chunk.toByteArray()));
    }
    return new PayloadFrames(header, chunks);
  }

  private static PayloadFrames frame(PayloadFramer framer, Payload payload) {
    return framer.cut(
        payload,
        PayloadHeaderCodec.describe(payload).setDigest(DigestCodec.toWire(payload.digest())));
  }

  private static PayloadFrames frameWithoutDigest(PayloadFramer framer, Payload payload) {
    return framer.cut(payload, PayloadHeaderCodec.describe(payload));
  }

  private Assembly assemble(PayloadFrames frames, DigestRule rule) {
    Assembly result = assembler.begin(frames.header(), rule);
    for (Chunk chunk : frames.chunks()) {
      assertThat(result).isInstanceOf(Assembly.Incomplete.class);
      assertThat(assembler.busy()).isTrue();
      result = assembler.add(chunk);
    }
    return result;
  }

  private static void assertSame(Assembly result, Payload payload) {
    assertThat(result).isInstanceOf(Assembly.Complete.class);
    Payload arrived = ((Assembly.Complete) result).payload();
    assertThat(arrived).isEqualTo(payload);
    // Payloads are equal by digest; here the bytes are to be.
    assertThat(arrived.activations()).isEqualTo(payload.activations());
    assertThat(arrived.sideInputs()).isEqualTo(payload.sideInputs());
  }

  private static PayloadFrames chunked() {
    return frame(new PayloadFramer(SMALL), Payloads.ofBytes(1, 25));
  }

  private void assertMalformed(Assembly result, String message) {
    assertThat(result)
        .asInstanceOf(InstanceOfAssertFactories.type(Assembly.Malformed.class))
        .extracting(malformed -> malformed.error().getMessage())
        .isEqualTo(message);
    assertThat(assembler.busy()).isFalse();
  }

  @Test
  void config_defaults() {
    assertThat(ChunkingConfig.DEFAULT).isEqualTo(new ChunkingConfig(65536, 262144));
    assertThatIllegalArgumentException().isThrownBy(() -> new ChunkingConfig(-1, 1));
    assertThatIllegalArgumentException().isThrownBy(() -> new ChunkingConfig(0, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> new ChunkingConfig(0, (2 << 20) + 1));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 9, 10, 11, 16, 17, 20, 21, 30, 1000, 70_000})
  void payload_ofAnySizeComesBack(int bytes) throws Exception {
    for (Payload payload :
        List.of(Payloads.ofBytes(bytes, bytes), Payloads.withSideInputs(bytes, bytes))) {
      PayloadFrames frames = frame(new PayloadFramer(SMALL), payload);
      assertSame(assemble(sent(frames), ANNOUNCED), payload);
      assertThat(frames.chunks()).allMatch(chunk -> chunk.getData().size() <= 10);
      assertThat(budget.used()).isZero();
    }
  }

  @Test
  void frames_areInlineUpToTheLimit() {
    PayloadFramer framer = new PayloadFramer(SMALL);
    assertThat(frame(framer, Payloads.ofBytes(1, 16)).chunks()).isEmpty();
    assertThat(frame(framer, Payloads.ofBytes(1, 17)).chunks()).hasSize(2);
    assertThat(frame(framer, Payloads.ofBytes(1, 20)).chunks()).hasSize(2);
    assertThat(frame(framer, Payloads.empty()).header().getInline().isEmpty()).isTrue();
  }

  @Test
  void frames_ofOnePayloadHaveAnIdOfTheirOwn() {
    PayloadFramer framer = new PayloadFramer(SMALL);
    long first = frame(framer, Payloads.ofBytes(1, 50)).header().getDataId();
    long second = frame(framer, Payloads.ofBytes(1, 50)).header().getDataId();
    assertThat(second).isNotEqualTo(first);
  }

  @Test
  void payloads_followEachOther() throws Exception {
    PayloadFramer framer = new PayloadFramer(SMALL);
    for (int i = 0; i < 20; i++) {
      Payload payload = Payloads.ofBytes(i, i * 7);
      assertSame(assemble(sent(frame(framer, payload)), ANNOUNCED), payload);
    }
  }

  @Test
  void withoutDigest_theReceiverComputesItsOwn() throws Exception {
    Payload payload = Payloads.ofBytes(3, 40);
    PayloadFrames frames = sent(frameWithoutDigest(new PayloadFramer(SMALL), payload));
    assertThat(frames.header().hasDigest()).isFalse();

    assertSame(assemble(frames, new DigestRule.Own(Digest.Algorithm.SHA256)), payload);
    Assembly fast = assemble(frames, new DigestRule.Own(Digest.Algorithm.XXH3_128));
    assertThat(((Assembly.Complete) fast).payload().digest().algorithm())
        .isEqualTo(Digest.Algorithm.XXH3_128);
  }

  @Test
  void digestRule_isEnforced() {
    PayloadFramer framer = new PayloadFramer(SMALL);
    PayloadHeader without = frameWithoutDigest(framer, Payloads.ofBytes(1, 5)).header();
    PayloadHeader sha = frame(framer, Payloads.ofBytes(1, 5)).header();
    DigestRule xxh3 = new DigestRule.Required(Digest.Algorithm.XXH3_128);

    assertMalformed(assembler.begin(without, ANNOUNCED), "digest: missing");
    assertMalformed(assembler.begin(without, xxh3), "digest: missing");
    assertMalformed(assembler.begin(sha, xxh3), "digest.algorithm: SHA256; here it is XXH3_128");
    assertMalformed(
        assembler.begin(sha, new DigestRule.Own(Digest.Algorithm.XXH3_128)),
        "digest.algorithm: SHA256; here it is XXH3_128");
    assertThat(assembler.begin(sha, new DigestRule.Required(Digest.Algorithm.SHA256)))
        .isInstanceOf(Assembly.Complete.class);
  }

  @Test
  void flippedByte_isAMismatchAndTheStreamGoesOn() throws Exception {
    Payload payload = Payloads.ofBytes(1, 25);
    PayloadFrames frames = frame(new PayloadFramer(SMALL), payload);
    Chunk spoiled = frames.chunks().get(1);
    byte[] bytes = spoiled.getData().toByteArray();
    bytes[3] ^= 1;
    PayloadFrames bad =
        new PayloadFrames(
            frames.header(),
            List.of(
                frames.chunks().get(0),
                spoiled.toBuilder().setData(ByteString.copyFrom(bytes)).build(),
                frames.chunks().get(2)));

    Assembly result = assemble(bad, ANNOUNCED);

    assertThat(result)
        .asInstanceOf(InstanceOfAssertFactories.type(Assembly.DigestMismatch.class))
        .satisfies(mismatch -> assertThat(mismatch.announced()).isEqualTo(payload.digest()))
        .satisfies(mismatch -> assertThat(mismatch.computed()).isNotEqualTo(payload.digest()));
    assertSame(assemble(sent(frames), ANNOUNCED), payload);
  }

  @Test
  void chunk_outOfPlaceIsMalformed() {
    PayloadFrames frames = chunked();
    long id = frames.header().getDataId();
    Chunk first = frames.chunks().get(0);

    assertMalformed(assembler.add(first), "chunk: comes after no announcement");

    assembler.begin(frames.header(), ANNOUNCED);
    assertMalformed(assembler.add(frames.chunks().get(1)), "chunk.index: 1; expected 0");

    assembler.begin(frames.header(), ANNOUNCED);
    assertMalformed(
        assembler.add(first.toBuilder().setIndex(-1).build()),
        "chunk.index: 4294967295; expected 0");

    assembler.begin(frames.header(), ANNOUNCED);
    assertMalformed(
        assembler.add(first.toBuilder().setDataId(-1).build()),
        "chunk.data_id: 18446744073709551615; expected " + id);
  }

  @Test
  void chunk_ofTheWrongSizeIsMalformed() {
    PayloadFrames frames = chunked();
    UnaryOperator<Chunk> empty = chunk -> chunk.toBuilder().clearData().build();
    Chunk first = frames.chunks().get(0);

    assembler.begin(frames.header(), ANNOUNCED);
    assertMalformed(
        assembler.add(empty.apply(first)),
        "chunk.data: 0 bytes in chunk 1 of 3, after 0 of 25 bytes");

    assembler.begin(frames.header(), ANNOUNCED);
    assertMalformed(
        assembler.add(first.toBuilder().setData(ByteString.copyFrom(new byte[24])).build()),
        "chunk.data: 24 bytes in chunk 1 of 3, after 0 of 25 bytes");

    assembler.begin(frames.header(), ANNOUNCED);
    assembler.add(first);
    assembler.add(frames.chunks().get(1));
    assertMalformed(
        assembler.add(
            frames.chunks().get(2).toBuilder().setData(ByteString.copyFrom(new byte[4])).build()),
        "chunk.data: 4 bytes in chunk 3 of 3, after 20 of 25 bytes");
  }

  @Test
  void header_whileAnotherIsIncompleteIsMalformed() {
    PayloadFrames frames = chunked();
    assembler.begin(frames.header(), ANNOUNCED);
    assertMalformed(
        assembler.begin(frames.header(), ANNOUNCED),
        "payload: announced while bytes of another are to come");
  }

  @Test
  void header_beyondTheLimitIsRefusedBeforeAnythingIsAllocated() {
    PayloadHeader vast =
        chunked().header().toBuilder()
            .setActivations(
                io.baton.proto.v1.TensorSpec.newBuilder()
                    .setDtype(io.baton.proto.v1.DType.DTYPE_F64)
                    .addShape(Integer.MAX_VALUE)
                    .addShape(1 << 20))
            .build();
    assertMalformed(
        assembler.begin(vast, ANNOUNCED), "payload: 18014398501093376 bytes; at most 1048576");
  }

  @Test
  void fullBudget_isReportedAfterTheLastChunkAndTheStreamGoesOn() throws Exception {
    PayloadFrames frames = sent(chunked());
    assertThat(budget.tryTake(budget.capacity() - 24)).isTrue();
    assertThat(assemble(frames, ANNOUNCED)).isEqualTo(new Assembly.NoRoom(25));
    budget.giveBack(budget.capacity() - 24);
    assertSame(assemble(frames, ANNOUNCED), Payloads.ofBytes(1, 25));
  }

  @Test
  void close_givesBackWhatAnIncompletePayloadTook() {
    PayloadFrames frames = chunked();
    assembler.begin(frames.header(), ANNOUNCED);
    assertThat(budget.used()).isZero();
    assembler.add(frames.chunks().getFirst());
    assertThat(budget.used()).isEqualTo(25);
    assembler.close();
    assembler.close();
    assertThat(budget.used()).isZero();
    assertThat(assembler.busy()).isFalse();
  }

  /** Frames cut, swapped, doubled and spoiled: never an exception, never a wrong payload. */
  @Test
  void spoiledFrames_neverMakeAWrongPayload() throws Exception {
    Payload payload = Payloads.withSideInputs(5, 60);
    int refused = 0;
    for (int seed = 0; seed < 2000; seed++) {
      Random random = new Random(seed);
      PayloadFrames frames = frame(new PayloadFramer(SMALL), payload);
      List<Chunk> chunks = new java.util.ArrayList<>(frames.chunks());
      int victim = random.nextInt(chunks.size());
      switch (random.nextInt(4)) {
        case 0 -> chunks.remove(victim);
        case 1 -> chunks.add(victim, chunks.get(victim));
        case 2 -> java.util.Collections.swap(chunks, victim, random.nextInt(chunks.size()));
        default -> {
          byte[] bytes = chunks.get(victim).toByteArray();
          bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
          try {
            chunks.set(victim, Chunk.parseFrom(bytes));
          } catch (com.google.protobuf.InvalidProtocolBufferException e) {
            continue; // gRPC would have ended the stream
          }
        }
      }
      Assembly result = assembler.begin(frames.header(), ANNOUNCED);
      for (Chunk chunk : chunks) {
        if (result instanceof Assembly.Incomplete) {
          result = assembler.add(chunk);
        }
      }
      if (result instanceof Assembly.Complete) {
        assertSame(result, payload);
      } else {
        refused++;
      }
      assembler.close();
      assertThat(budget.used()).as("seed %d", seed).isZero();
    }
    assertThat(refused).isGreaterThan(1000);
  }
}
