package io.baton.transport.lane;

/**
 * What a lane has done since it was opened.
 *
 * @param pushed for active stages, accepted for sending
 * @param shed for active stages, not accepted: no room, or no connection
 * @param standbyPushed for stages that stand by, accepted for sending
 * @param standbyShed for stages that stand by, not accepted: most of the room is kept for the
 *     others
 * @param lost accepted, and dropped before they were sent because the connection broke. What breaks
 *     on its way is not known here
 * @param bytes of the payloads that were accepted
 * @param reconnects connections made after the first
 * @param shared of the pushes that were accepted, those whose bytes stay in shared memory
 * @param sharedBytes of the payloads of these
 */
public record LaneStats(
    long pushed,
    long shed,
    long standbyPushed,
    long standbyShed,
    long lost,
    long bytes,
    long reconnects,
    long shared,
    long sharedBytes) {

  public static final LaneStats NONE = new LaneStats(0, 0, 0, 0, 0, 0, 0, 0, 0);

  public LaneStats plus(LaneStats other) {
    return new LaneStats(
        pushed + other.pushed,
        shed + other.shed,
        standbyPushed + other.standbyPushed,
        standbyShed + other.standbyShed,
        lost + other.lost,
        bytes + other.bytes,
        reconnects + other.reconnects,
        shared + other.shared,
        sharedBytes + other.sharedBytes);
  }
}
