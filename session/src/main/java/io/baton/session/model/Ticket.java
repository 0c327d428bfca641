package io.baton.session.model;

import java.security.MessageDigest;
import java.util.Arrays;

/**
 * The right to push into one session at one relay, issued by that relay. Compared in constant time.
 */
public final class Ticket {

  /** The longest ticket that the protocol carries, in bytes. */
  public static final int MAX_BYTES = 512;

  private final byte[] value;

  public Ticket(byte[] value) {
    if (value.length > MAX_BYTES) {
      throw new IllegalArgumentException(
          "a ticket has at most %d bytes, not %d".formatted(MAX_BYTES, value.length));
    }
    this.value = value.clone();
  }

  /** Its length. */
  public int bytes() {
    return value.length;
  }

  public byte[] value() {
    return value.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Ticket that && MessageDigest.isEqual(value, that.value);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(value);
  }

  /** Never shows the ticket itself. */
  @Override
  public String toString() {
    return "ticket of %d bytes".formatted(value.length);
  }
}
