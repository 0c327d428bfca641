package io.baton.transport.exchange;

/**
 * What a link has done since it was opened.
 *
 * @param offered chunks, not counting those offered again
 * @param taken by the peer
 * @param bytes of bodies that were handed to the lane
 * @param reconnects connections made after the first
 */
public record LinkStats(long offered, long taken, long bytes, long reconnects) {}
