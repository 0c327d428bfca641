package io.baton.transport.ucx;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32C;

/** Addresses that somebody has changed who knows how their checksum is made. */
final class Mutated {

  private static final int HEAD = 3 * Integer.BYTES;

  private Mutated() {}

  /** A few bytes changed, cut out, put in, or doubled. */
  static byte[] address(byte[] wire, RandomGenerator random) {
    byte[] address = Arrays.copyOfRange(wire, HEAD, wire.length);
    for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
      address = changed(address, random);
    }
    return enveloped(address);
  }

  private static byte[] changed(byte[] address, RandomGenerator random) {
    if (address.length == 0) {
      return new byte[] {(byte) random.nextInt()};
    }
    int at = random.nextInt(address.length);
    byte[] result = address.clone();
    switch (random.nextInt(6)) {
      case 0 -> result[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> result[at] = (byte) random.nextInt();
      case 2 -> result[at] = (byte) (random.nextBoolean() ? 0xff : 0);
      case 3 -> result = Arrays.copyOf(address, at);
      case 4 -> {
        int size = random.nextInt(20);
        result = new byte[address.length + size];
        System.arraycopy(address, 0, result, 0, at);
        System.arraycopy(address, at, result, at + size, address.length - at);
      }
      default -> {
        result = Arrays.copyOf(address, address.length + address.length - at);
        System.arraycopy(address, at, result, address.length, address.length - at);
      }
    }
    return result;
  }

  /** With the right checksum. */
  static byte[] enveloped(byte[] address) {
    CRC32C crc = new CRC32C();
    crc.update(address);
    return ByteBuffer.allocate(HEAD + address.length)
        .putInt(0x42555831)
        .putInt(address.length)
        .putInt((int) crc.getValue())
        .put(address)
        .array();
  }
}
