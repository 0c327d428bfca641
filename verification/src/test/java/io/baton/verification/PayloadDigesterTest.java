package io.baton.verification;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.session.model.DType;
import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.Tensor;
import io.baton.session.model.TensorSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PayloadDigesterTest {

  private static final Tensor ACTIVATIONS = Tensor.ofFloats(new float[] {1, -2, 0.5f, 0}, 2, 2);

  private static Tensor ints(int... values) {
    ByteBuffer data =
        ByteBuffer.allocate(values.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    Arrays.stream(values).forEach(data::putInt);
    return Tensor.wrap(TensorSpec.of(DType.I32, values.length), data.flip());
  }

  private static SortedMap<String, Tensor> side(String name, Tensor tensor) {
    return new TreeMap<>(java.util.Map.of(name, tensor));
  }

  /** The example of docs/protocol.md, which was computed by another program. */
  @ParameterizedTest
  @CsvSource({
    "SHA256, 3acca16021af3a210295da8ed5a3389fe09c5635004cfb75a924cd9076b19b96",
    "XXH3_128, a25db8eb637bf25dd3ba1e0879dbceed"
  })
  void payload_activationsAlone_documentedDigest(Digest.Algorithm algorithm, String hex) {
    Payload payload = new PayloadDigester(algorithm).payload(ACTIVATIONS);

    assertThat(payload.digest()).isEqualTo(new Digest(algorithm, HexFormat.of().parseHex(hex)));
  }

  @ParameterizedTest
  @CsvSource({
    "SHA256, 974e2c7c95a9f7a7df8183395ecee5eb2e240bdf27b4bb0b79325fb6c5bc68e2",
    "XXH3_128, 720b3ee675276067e163b3360950f3e9"
  })
  void payload_withSideInput_documentedDigest(Digest.Algorithm algorithm, String hex) {
    Payload payload = new PayloadDigester(algorithm).payload(ACTIVATIONS, side("beam", ints(1, 0)));

    assertThat(payload.digest()).isEqualTo(new Digest(algorithm, HexFormat.of().parseHex(hex)));
  }

  @ParameterizedTest
  @EnumSource(Digest.Algorithm.class)
  void payload_sameBytesInAnotherForm_anotherDigest(Digest.Algorithm algorithm) {
    PayloadDigester digester = new PayloadDigester(algorithm);
    ByteBuffer bytes = ACTIVATIONS.data();
    Digest digest = digester.payload(ACTIVATIONS).digest();

    for (TensorSpec spec :
        new TensorSpec[] {
          TensorSpec.of(DType.F32, 4),
          TensorSpec.of(DType.F32, 4, 1),
          TensorSpec.of(DType.I32, 2, 2),
          TensorSpec.of(DType.U8, 2, 8)
        }) {
      assertThat(digester.payload(Tensor.wrap(spec, bytes.duplicate())).digest())
          .as(spec.toString())
          .isNotEqualTo(digest);
    }
    assertThat(digester.payload(ACTIVATIONS, side("beam", ints(1, 0))).digest())
        .isNotEqualTo(digest)
        .isNotEqualTo(digester.payload(ACTIVATIONS, side("beams", ints(1, 0))).digest())
        .isNotEqualTo(digester.payload(ACTIVATIONS, side("beam", ints(0, 1))).digest());
  }

  @ParameterizedTest
  @EnumSource(Digest.Algorithm.class)
  void payload_anyBitFlipped_anotherDigest(Digest.Algorithm algorithm) {
    PayloadDigester digester = new PayloadDigester(algorithm);
    Digest digest = digester.payload(ACTIVATIONS).digest();
    byte[] bytes = new byte[ACTIVATIONS.data().remaining()];
    ACTIVATIONS.data().get(bytes);

    for (int bit = 0; bit < bytes.length * 8; bit++) {
      byte[] damaged = bytes.clone();
      damaged[bit / 8] ^= (byte) (1 << (bit % 8));
      assertThat(digester.payload(Tensor.wrap(ACTIVATIONS.spec(), damaged)).digest())
          .as("bit %d", bit)
          .isNotEqualTo(digest);
    }
  }

  @Test
  void payload_aViewOfRows_sameDigestAsACopy() {
    PayloadDigester digester = new PayloadDigester(Digest.Algorithm.SHA256);

    assertThat(digester.payload(ACTIVATIONS.rows(1, 1)))
        .isEqualTo(digester.payload(Tensor.ofFloats(new float[] {0.5f, 0}, 1, 2)));
  }

  @Test
  void payload_ofNoRows_hasADigest() {
    PayloadDigester digester = new PayloadDigester(Digest.Algorithm.SHA256);

    assertThat(digester.payload(ACTIVATIONS.rows(2, 0)).digest())
        .isNotEqualTo(digester.payload(ACTIVATIONS).digest());
  }
}
