package io.baton.transport.ucx;

import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * UCX's address of a worker in an envelope with a checksum, because UCX follows the lengths and
 * indexes inside an address without checking them. It guards against accidents, not against malice:
 * addresses must come over a channel that is trusted.
 */
final class UcxAddress {

  private static final int MAGIC = 0x42555831;
  private static final int OVERHEAD = 3 * Integer.BYTES;
  private static final int MAX_BYTES = 64 << 10;

  private UcxAddress() {}

  /** Wraps the remaining bytes. */
  static byte[] wrap(ByteBuffer address) {
    ByteBuffer wrapped = ByteBuffer.allocate(OVERHEAD + address.remaining());
    wrapped.putInt(MAGIC).putInt(address.remaining()).putInt(checksum(address)).put(address);
    return wrapped.array();
  }

  /** A direct buffer with UCX's address, or nothing if it is not whole. */
  static Optional<ByteBuffer> unwrap(byte[] wrapped) {
    if (wrapped.length <= OVERHEAD || wrapped.length > OVERHEAD + MAX_BYTES) {
      return Optional.empty();
    }
    ByteBuffer buffer = ByteBuffer.wrap(wrapped);
    if (buffer.getInt() != MAGIC || buffer.getInt() != wrapped.length - OVERHEAD) {
      return Optional.empty();
    }
    if (buffer.getInt() != checksum(buffer)) {
      return Optional.empty();
    }
    return Optional.of(ByteBuffer.allocateDirect(buffer.remaining()).put(buffer).flip());
  }

  private static int checksum(ByteBuffer bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes.duplicate());
    return (int) crc.getValue();
  }
}
