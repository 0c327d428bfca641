package io.baton.session.model;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * The 128-bit id of one inference stream through a chain of stages; made at random by the client.
 * Known to the client, the relays of its route and their executors; people are shown a {@link
 * #label}.
 */
public record SessionId(long high, long low) {

  private static final byte[] DOMAIN = "baton.v1.session".getBytes(StandardCharsets.US_ASCII);

  private static final int LABEL_BYTES = 8;

  /** Tells sessions apart in logs and in a status, the same everywhere; the id is not in it. */
  public String label() {
    ByteBuffer id = ByteBuffer.allocate(2 * Long.BYTES).putLong(high).putLong(low);
    return HexFormat.of().formatHex(Sha256.of(DOMAIN, id.array()), 0, LABEL_BYTES);
  }

  /** Never shows the id itself. */
  @Override
  public String toString() {
    return label();
  }
}
