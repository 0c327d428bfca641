package io.baton.session.model;

import java.security.MessageDigest;
import java.util.Arrays;

/**
 * The right to open a session at one relay, and to open it there again: drawn by the session's
 * client, and shown to that relay alone. The relay keeps its {@link Seal}. Compared in constant
 * time.
 */
public final class Proof {

  /** What can be guessed is no proof. */
  public static final int MIN_BYTES = 16;

  public static final int MAX_BYTES = 64;

  private final byte[] value;

  /**
   * @throws IllegalArgumentException if it has another length than a proof has
   */
  public Proof(byte[] value) {
    if (value.length < MIN_BYTES || value.length > MAX_BYTES) {
      throw new IllegalArgumentException(
          "a proof has %d to %d bytes, not %d".formatted(MIN_BYTES, MAX_BYTES, value.length));
    }
    this.value = value.clone();
  }

  public byte[] value() {
    return value.clone();
  }

  /** What can be kept of it: enough to know it again, and not enough to show it. */
  public Seal seal() {
    return new Seal(Sha256.of(value));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Proof that && MessageDigest.isEqual(value, that.value);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(value);
  }

  /** Never shows the proof itself. */
  @Override
  public String toString() {
    return "proof of %d bytes".formatted(value.length);
  }

  /** The hash of a proof. */
  public static final class Seal {

    private final byte[] hash;

    private Seal(byte[] hash) {
      this.hash = hash;
    }

    /** Whether that is the proof; takes as long for any that is not. */
    public boolean fits(Proof proof) {
      return MessageDigest.isEqual(hash, proof.seal().hash);
    }
  }
}
