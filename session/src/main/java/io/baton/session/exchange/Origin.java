package io.baton.session.exchange;

/**
 * Where a message of a sender came from, so that one that comes twice is known for what it is.
 *
 * @param relay the incarnation of the sender's relay
 * @param transfer the number that this relay gave it: ascending, and never given twice
 */
public record Origin(long relay, long transfer) {}
