package io.baton.session.model;

import java.nio.ByteBuffer;

/**
 * Whether a tensor's elements are numbers. A stage that computes NaN or infinity, for whatever
 * reason, makes nothing of all that comes after it.
 *
 * <p>An element is none if all bits of its exponent are set; adding the lowest bit of the exponent
 * then carries into the sign, so that one pass without branches finds any.
 */
public final class Finiteness {

  private Finiteness() {}

  /** Whether no element is NaN or infinite; always so where the type has no such values. */
  public static boolean of(Tensor tensor) {
    ByteBuffer data = tensor.data();
    return switch (tensor.spec().dtype()) {
      case F32 -> ofInts(data);
      case F64 -> ofLongs(data);
      case BF16 -> ofShorts(data, 0x7F80, 0x0080);
      case F16 -> ofShorts(data, 0x7C00, 0x0400);
      case I8, I16, I32, I64, U8, BOOL -> true;
    };
  }

  private static boolean ofInts(ByteBuffer data) {
    int carried = 0;
    for (int at = 0; at < data.limit(); at += Integer.BYTES) {
      carried |= (data.getInt(at) & 0x7F80_0000) + 0x0080_0000;
    }
    return carried >= 0;
  }

  private static boolean ofLongs(ByteBuffer data) {
    long carried = 0;
    for (int at = 0; at < data.limit(); at += Long.BYTES) {
      carried |= (data.getLong(at) & 0x7FF0_0000_0000_0000L) + 0x0010_0000_0000_0000L;
    }
    return carried >= 0;
  }

  private static boolean ofShorts(ByteBuffer data, int exponent, int lowest) {
    int carried = 0;
    for (int at = 0; at < data.limit(); at += Short.BYTES) {
      carried |= (data.getShort(at) & exponent) + lowest;
    }
    return (carried & 0x8000) == 0;
  }
}
