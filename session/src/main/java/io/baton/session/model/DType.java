package io.baton.session.model;

/** The type of a tensor's elements; all are little-endian on the wire and in memory. */
public enum DType {
  BF16(1, 2),
  F16(2, 2),
  F32(3, 4),
  F64(4, 8),
  I8(5, 1),
  I16(6, 2),
  I32(7, 4),
  I64(8, 8),
  U8(9, 1),
  BOOL(10, 1);

  private final int number;
  private final int bytes;

  DType(int number, int bytes) {
    this.number = number;
    this.bytes = bytes;
  }

  /** The type's number in the wire protocol and in digests; never changes. */
  public int number() {
    return number;
  }

  /** Bytes that one element takes. */
  public int bytes() {
    return bytes;
  }
}
