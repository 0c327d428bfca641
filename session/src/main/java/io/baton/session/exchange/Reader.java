package io.baton.session.exchange;

/**
 * Somebody who receives, for as long as it is registered.
 *
 * @param registration unique in its relay's life
 * @param rank its member's rank in the group; several readers may read for one member
 */
public record Reader(long registration, int rank) {}
