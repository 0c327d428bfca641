package io.baton.session.exchange;

/**
 * Where a chunk came from, so that one that comes twice is known for what it is.
 *
 * @param relay the incarnation of the sender's relay
 * @param transfer the number that this relay gave it, never given twice
 */
public record Origin(long relay, long transfer) {}
