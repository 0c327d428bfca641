package io.baton.proto.codec;

import io.baton.session.model.DType;
import io.baton.session.model.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Types and shapes of tensors. */
public final class TensorCodec {

  private static final @Nullable DType[] BY_NUMBER = byNumber();

  private TensorCodec() {}

  public static io.baton.proto.v1.TensorSpec toWire(TensorSpec spec) {
    io.baton.proto.v1.TensorSpec.Builder wire =
        io.baton.proto.v1.TensorSpec.newBuilder().setDtypeValue(spec.dtype().number());
    spec.shape().forEach(wire::addShape);
    return wire.build();
  }

  public static TensorSpec fromWire(io.baton.proto.v1.TensorSpec wire)
      throws MalformedFrameException {
    DType dtype = dtype(wire.getDtypeValue());
    int rank = wire.getShapeCount();
    if (rank > TensorSpec.MAX_RANK) {
      throw new MalformedFrameException(
          "shape", "%d dimensions; at most %d".formatted(rank, TensorSpec.MAX_RANK));
    }
    List<Integer> shape = new ArrayList<>(rank);
    for (int i = 0; i < rank; i++) {
      shape.add(dimension(i, wire.getShape(i)));
    }
    return Fields.built("shape", () -> new TensorSpec(dtype, shape));
  }

  private static int dimension(int index, long dimension) throws MalformedFrameException {
    if (dimension < 0 || dimension > Integer.MAX_VALUE) {
      throw new MalformedFrameException(
          "shape[" + index + "]", dimension + " is not within 0-" + Integer.MAX_VALUE);
    }
    return (int) dimension;
  }

  private static DType dtype(int number) throws MalformedFrameException {
    Fields.present(number != 0, "dtype");
    DType dtype = number > 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : null;
    if (dtype == null) {
      throw new MalformedFrameException("dtype", number + " is no known type");
    }
    return dtype;
  }

  private static @Nullable DType[] byNumber() {
    int highest = 0;
    for (DType dtype : DType.values()) {
      highest = Math.max(highest, dtype.number());
    }
    @Nullable DType[] table = new @Nullable DType[highest + 1];
    for (DType dtype : DType.values()) {
      table[dtype.number()] = dtype;
    }
    return table;
  }
}
