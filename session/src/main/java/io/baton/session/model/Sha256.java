package io.baton.session.model;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256, which every Java platform has. */
public final class Sha256 {

  private Sha256() {}

  /** A digest that nothing has been put into; for one thread at a time. */
  public static MessageDigest start() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** The digest of the parts, one after the other. */
  static byte[] of(byte[]... parts) {
    MessageDigest sha256 = start();
    for (byte[] part : parts) {
      sha256.update(part);
    }
    return sha256.digest();
  }
}
