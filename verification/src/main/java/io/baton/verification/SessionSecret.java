package io.baton.verification;

import io.baton.session.model.Proof;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * What the client of a session keeps to itself. Each relay is shown a proof of its own, so that
 * none can be the client at another:
 *
 * <pre>
 * proof = HMAC-SHA256(secret, "baton.v1.open" session incarnation address 0x00 name)
 * </pre>
 *
 * <p>The address is the one that the client connects to. A relay's name and incarnation are its own
 * word, and one that takes another's cannot have its address as well. Immutable.
 */
public final class SessionSecret {

  public static final int BYTES = 32;

  private static final String ALGORITHM = "HmacSHA256";

  private static final byte[] DOMAIN = "baton.v1.open".getBytes(StandardCharsets.US_ASCII);

  private final SecretKeySpec key;

  /**
   * @param random that many bytes of which nobody else knows any
   * @throws IllegalArgumentException if they are more or fewer than {@link #BYTES}
   */
  public SessionSecret(byte[] random) {
    if (random.length != BYTES) {
      throw new IllegalArgumentException(
          "a secret of %d bytes; it takes %d".formatted(random.length, BYTES));
    }
    this.key = new SecretKeySpec(random, ALGORITHM);
  }

  /** What that relay is shown at that address, every time the same. */
  public Proof proof(SessionId session, RelayId relay, String address) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      mac.update(DOMAIN);
      mac.update(
          ByteBuffer.allocate(3 * Long.BYTES)
              .putLong(session.high())
              .putLong(session.low())
              .putLong(relay.incarnation())
              .array());
      mac.update(address.getBytes(StandardCharsets.UTF_8));
      mac.update((byte) 0);
      mac.update(relay.name().getBytes(StandardCharsets.UTF_8));
      return new Proof(mac.doFinal());
    } catch (NoSuchAlgorithmException | InvalidKeyException e) {
      throw new IllegalStateException("every Java has " + ALGORITHM, e);
    }
  }

  /** Never shows the secret itself. */
  @Override
  public String toString() {
    return "a session's secret";
  }
}
