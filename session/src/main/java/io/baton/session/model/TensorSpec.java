package io.baton.session.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * What a tensor looks like: the type of its elements and its shape, outermost dimension first. A
 * shape of no dimensions is a scalar; a dimension of zero makes an empty tensor.
 */
public record TensorSpec(DType dtype, List<Integer> shape) {

  /** The highest number of dimensions that the protocol carries. */
  public static final int MAX_RANK = 8;

  /**
   * @throws IllegalArgumentException if a dimension is negative, there are more than {@link
   *     #MAX_RANK} of them, or the tensor would take more bytes than a long can count
   */
  public TensorSpec {
    shape = List.copyOf(shape);
    if (shape.size() > MAX_RANK) {
      throw new IllegalArgumentException(
          "a tensor has at most %d dimensions, not %d".formatted(MAX_RANK, shape.size()));
    }
    long bytes = dtype.bytes();
    for (int dimension : shape) {
      if (dimension < 0) {
        throw new IllegalArgumentException("negative dimension in shape " + shape);
      }
      try {
        bytes = Math.multiplyExact(bytes, (long) Math.max(1, dimension));
      } catch (ArithmeticException e) {
        throw new IllegalArgumentException(
            "shape " + shape + " takes more bytes than can be counted", e);
      }
    }
  }

  public static TensorSpec of(DType dtype, int... shape) {
    return new TensorSpec(dtype, Arrays.stream(shape).boxed().toList());
  }

  /** Number of elements. */
  public long elements() {
    long n = 1;
    for (int dimension : shape) {
      n *= dimension;
    }
    return n;
  }

  /** Bytes that the elements take, densely packed. */
  public long bytes() {
    return elements() * dtype.bytes();
  }

  /** The outermost dimension: for activations, the number of tokens; 1 for a scalar. */
  public int rows() {
    return shape.isEmpty() ? 1 : shape.getFirst();
  }

  /** Bytes of one step along the outermost dimension. */
  public long rowBytes() {
    long bytes = dtype.bytes();
    for (int dimension : shape.subList(Math.min(1, shape.size()), shape.size())) {
      bytes *= dimension;
    }
    return bytes;
  }

  /** The same tensor with another outermost dimension. */
  public TensorSpec withRows(int rows) {
    List<Integer> dimensions = new ArrayList<>(shape);
    dimensions.set(0, rows);
    return new TensorSpec(dtype, dimensions);
  }

  @Override
  public String toString() {
    return dtype.name().toLowerCase(Locale.ROOT) + shape;
  }
}
