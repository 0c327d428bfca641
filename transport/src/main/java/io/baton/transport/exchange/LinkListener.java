package io.baton.transport.exchange;

/**
 * Hears of a {@link PeerLink}. Called on the link's threads; must not block, and may call the link.
 */
public interface LinkListener {

  /** The peer can be offered chunks. It may have forgotten all that it was offered before. */
  void onReady(PeerLink link);

  /**
   * The peer cannot be reached.
   *
   * @param why for a person
   */
  void onLost(PeerLink link, String why);

  void onAnswer(PeerLink link, LinkAnswer answer);
}
