package io.baton.session.model;

import java.util.Arrays;
import java.util.HexFormat;

/** A digest of a payload. Two payloads are taken to be the same when their digests are equal. */
public final class Digest {

  /** How a digest is made; a session uses one, chosen at its opening. */
  public enum Algorithm {
    /** Collision-resistant; the default. */
    SHA256(32),
    /** Fast, and no defence against an attacker: for clusters whose members trust each other. */
    XXH3_128(16);

    private final int bytes;

    Algorithm(int bytes) {
      this.bytes = bytes;
    }

    /** Length of a digest in bytes. */
    public int bytes() {
      return bytes;
    }
  }

  private final Algorithm algorithm;
  private final byte[] value;

  /**
   * @throws IllegalArgumentException if {@code value} is not as long as the algorithm's digests
   */
  public Digest(Algorithm algorithm, byte[] value) {
    if (value.length != algorithm.bytes()) {
      throw new IllegalArgumentException(
          "a digest by %s has %d bytes, not %d"
              .formatted(algorithm, algorithm.bytes(), value.length));
    }
    this.algorithm = algorithm;
    this.value = value.clone();
  }

  public Algorithm algorithm() {
    return algorithm;
  }

  public byte[] value() {
    return value.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Digest that
        && algorithm == that.algorithm
        && Arrays.equals(value, that.value);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(value);
  }

  /** The first eight bytes in hexadecimal: enough to tell two apart in a log. */
  @Override
  public String toString() {
    return HexFormat.of().formatHex(value, 0, 8);
  }
}
