package io.baton.transport.peer;

import com.google.protobuf.ByteString;
import io.baton.proto.codec.MalformedFrameException;
import io.baton.session.model.RelayId;
import io.baton.session.model.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;

/**
 * By what it is known that two offers come from one sender: a digest of who it says that it is and
 * of the secret that only it and this relay know. Identities are public, so that one alone proves
 * nothing; and since the digest is told to nobody, there is nothing to compare a guess with.
 */
public final class OriginKey {

  private static final int MAX_SECRET_BYTES = 64;
  private static final SecureRandom RANDOM = new SecureRandom();

  private OriginKey() {}

  /** One that nobody else has. */
  public static long unique() {
    return RANDOM.nextLong();
  }

  /**
   * That of a peer; another each time if it has no secret.
   *
   * @throws MalformedFrameException if the secret is too long
   */
  static long of(RelayId peer, ByteString secret) throws MalformedFrameException {
    if (secret.isEmpty()) {
      return unique();
    }
    if (secret.size() > MAX_SECRET_BYTES) {
      throw new MalformedFrameException(
          "hello.secret", "%d bytes; at most %d".formatted(secret.size(), MAX_SECRET_BYTES));
    }
    MessageDigest digest = Sha256.start();
    digest.update((byte) secret.size());
    digest.update(secret.asReadOnlyByteBuffer());
    digest.update(ByteBuffer.allocate(Long.BYTES).putLong(peer.incarnation()).flip());
    digest.update(peer.name().getBytes(StandardCharsets.UTF_8));
    return ByteBuffer.wrap(digest.digest()).getLong();
  }
}
