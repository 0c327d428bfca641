package io.baton.simulations.world;

import io.baton.session.model.Payload;

/**
 * Bytes that messages take on a link .
 *
 * @param messageBytes of a message without payload
 * @param tokenBytes of one token's activations
 */
public record WireSize(long messageBytes, long tokenBytes) {

  /** Small control messages, and the eight bytes a token that are really there. */
  public static final WireSize PLAIN = new WireSize(64, Long.BYTES);

  long of(Message message) {
    Payload payload = message.payload();
    return messageBytes + (payload == null ? 0 : payload.tokens() * tokenBytes);
  }
}
