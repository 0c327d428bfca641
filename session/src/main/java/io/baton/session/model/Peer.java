package io.baton.session.model;

/**
 * A relay as the target of a push.
 *
 * @param address HOST:PORT
 * @param ticket issued by that relay for the session
 */
public record Peer(RelayId relay, String address, Ticket ticket) {}
