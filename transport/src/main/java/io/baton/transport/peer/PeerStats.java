package io.baton.transport.peer;

/**
 * What a link has done since it was opened.
 *
 * @param reconnects connections made after the first
 */
public record PeerStats(Pushes pushes, Chunks chunks, long reconnects) {

  public static final PeerStats NONE =
      new PeerStats(new Pushes(0, 0, 0, 0, 0, 0, 0, 0), new Chunks(0, 0, 0), 0);

  /**
   * Outputs of one stage for the next.
   *
   * @param sent to active stages, accepted for sending
   * @param shed for active stages, not accepted: no room, or no connection
   * @param standbySent to stages that stand by, accepted for sending
   * @param standbyShed for stages that stand by, not accepted: most of the room is kept for the
   *     others
   * @param lost accepted, and dropped before they were sent because the connection broke. What
   *     breaks on its way is not known here
   * @param bytes of the payloads that were accepted
   * @param shared of the pushes that were accepted, those whose bytes stay in shared memory
   * @param sharedBytes of the payloads of these
   */
  public record Pushes(
      long sent,
      long shed,
      long standbySent,
      long standbyShed,
      long lost,
      long bytes,
      long shared,
      long sharedBytes) {

    Pushes plus(Pushes other) {
      return new Pushes(
          sent + other.sent,
          shed + other.shed,
          standbySent + other.standbySent,
          standbyShed + other.standbyShed,
          lost + other.lost,
          bytes + other.bytes,
          shared + other.shared,
          sharedBytes + other.sharedBytes);
    }
  }

  /**
   * Chunks of data.
   *
   * @param offered not counting those offered again
   * @param taken by the peer
   * @param bytes of bodies that were handed to the lane
   */
  public record Chunks(long offered, long taken, long bytes) {

    Chunks plus(Chunks other) {
      return new Chunks(offered + other.offered, taken + other.taken, bytes + other.bytes);
    }
  }

  public PeerStats plus(PeerStats other) {
    return new PeerStats(
        pushes.plus(other.pushes), chunks.plus(other.chunks), reconnects + other.reconnects);
  }
}
