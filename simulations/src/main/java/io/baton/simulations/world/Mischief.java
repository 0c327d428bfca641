package io.baton.simulations.world;

/**
 * Decides what becomes of messages. Called once for each when it is sent, and may do anything to
 * the world besides, such as crash the node that is to receive.
 */
@FunctionalInterface
public interface Mischief {

  /** All messages arrive, but for what the links' profiles lose, double and reorder. */
  Mischief NONE = _ -> Fate.DELIVER;

  Fate fate(Transmission transmission);

  /**
   * A message that is sent.
   *
   * @param connection number of the stream among those of its client; 0 for a push
   * @param number of the message in this direction of the stream, or of the push from one relay to
   *     the other
   */
  record Transmission(Node from, Node to, Message message, long connection, long number) {}
}
