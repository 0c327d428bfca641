package io.baton.session.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FinitenessTest {

  private static Tensor shorts(DType type, int... bits) {
    ByteBuffer data = ByteBuffer.allocate(bits.length * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int each : bits) {
      data.putShort((short) each);
    }
    return Tensor.wrap(TensorSpec.of(type, 1, bits.length), data.flip());
  }

  /** What Java itself says of each of the values that 16 bits can be. */
  @Test
  void of_everyHalf_agreesWithTheValue() {
    for (int bits = 0; bits <= 0xFFFF; bits++) {
      assertThat(Finiteness.of(shorts(DType.F16, 0x3C00, bits)))
          .as("half %x", bits)
          .isEqualTo(Float.isFinite(Float.float16ToFloat((short) bits)));
      assertThat(Finiteness.of(shorts(DType.BF16, bits, 0x3F80)))
          .as("bfloat %x", bits)
          .isEqualTo(Float.isFinite(Float.intBitsToFloat(bits << 16)));
    }
  }

  @Test
  void of_floatsAndDoubles_agreesWithTheValue() {
    Random random = new Random(7);
    float[] floats = new float[64];
    for (int i = 0; i < 100_000; i++) {
      int bits = i % 3 == 0 ? random.nextInt() | 0x7F80_0000 : random.nextInt();
      floats[i % 64] = Float.intBitsToFloat(bits);
      assertThat(Finiteness.of(Tensor.ofFloats(floats, 1, 64)))
          .isEqualTo(Float.isFinite(floats[i % 64]));
      floats[i % 64] = 1;
      double value =
          Double.longBitsToDouble(
              i % 3 == 0 ? random.nextLong() | 0x7FF0_0000_0000_0000L : random.nextLong());
      ByteBuffer data = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
      data.putDouble(-1).putDouble(value);
      assertThat(Finiteness.of(Tensor.wrap(TensorSpec.of(DType.F64, 1, 2), data.flip())))
          .isEqualTo(Double.isFinite(value));
    }
  }

  @Test
  void of_integers_isAlwaysSo() {
    assertThat(Finiteness.of(shorts(DType.I16, 0x7FFF, 0xFFFF, 0x7F80))).isTrue();
    assertThat(Finiteness.of(Tensor.ofFloats(new float[0], 0, 2))).isTrue();
  }
}
