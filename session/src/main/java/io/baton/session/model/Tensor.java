package io.baton.session.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Objects;

/** An immutable tensor: its elements densely packed, row-major, little-endian. */
public final class Tensor {

  private final TensorSpec spec;
  private final ByteBuffer data;

  private Tensor(TensorSpec spec, ByteBuffer data) {
    this.spec = spec;
    this.data = data;
  }

  /**
   * Wraps {@code data} without copying; the caller must not write to it afterwards.
   *
   * @throws IllegalArgumentException if the buffer does not hold exactly the bytes that {@code
   *     spec} asks for
   */
  public static Tensor wrap(TensorSpec spec, ByteBuffer data) {
    if (data.remaining() != spec.bytes()) {
      throw new IllegalArgumentException(
          "%s takes %d bytes, not %d".formatted(spec, spec.bytes(), data.remaining()));
    }
    return new Tensor(spec, data.slice().asReadOnlyBuffer());
  }

  public static Tensor wrap(TensorSpec spec, byte[] data) {
    return wrap(spec, ByteBuffer.wrap(data));
  }

  /** A float32 tensor with a copy of {@code values}. */
  public static Tensor ofFloats(float[] values, int... shape) {
    ByteBuffer buffer =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    buffer.asFloatBuffer().put(values);
    return wrap(TensorSpec.of(DType.F32, shape), buffer);
  }

  public TensorSpec spec() {
    return spec;
  }

  /** The elements: a read-only little-endian view with its own position. */
  public ByteBuffer data() {
    return data.duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * The elements of a float32 tensor.
   *
   * @throws IllegalStateException if the tensor is of another type
   */
  public FloatBuffer floats() {
    if (spec.dtype() != DType.F32) {
      throw new IllegalStateException("a tensor of " + spec + " does not hold floats");
    }
    return data().asFloatBuffer();
  }

  /**
   * The rows {@code [from, from + count)} along the outermost dimension, without copying.
   *
   * @throws IndexOutOfBoundsException if the tensor does not have these rows
   */
  public Tensor rows(int from, int count) {
    Objects.checkFromIndexSize(from, count, spec.rows());
    long rowBytes = spec.rowBytes();
    return wrap(
        spec.withRows(count),
        data.slice(Math.toIntExact(from * rowBytes), Math.toIntExact(count * rowBytes)));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Tensor that && spec.equals(that.spec) && data.equals(that.data);
  }

  @Override
  public int hashCode() {
    return Objects.hash(spec, data);
  }

  @Override
  public String toString() {
    return spec.toString();
  }
}
