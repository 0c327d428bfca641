package io.baton.transport.peer;

/**
 * Hears of a {@link PeerLink}'s connections. Called on the link's threads; must not block, and may
 * call the connection. Of one connection nothing is heard before it is ready or lost; an answer may
 * still be heard after its loss, and counts for nothing then.
 */
public interface PeerListener {

  /** The peer can be offered chunks. It may have forgotten all that it was offered before. */
  void onReady(PeerConnection connection);

  /** There may be room for what could not be sent. */
  void onRoom(PeerConnection connection);

  /**
   * The connection is no more, or never came about; another will be tried.
   *
   * @param why for a person
   */
  void onLost(PeerConnection connection, String why);

  /** The peer answers what it was offered on that connection, or says that it does. */
  void onAnswer(PeerConnection connection, PeerAnswer answer);
}
