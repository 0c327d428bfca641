package io.baton.proto.codec;

/**
 * Where a pool of this host can be mapped.
 *
 * @param path as the pool's owner sees it
 * @param id its incarnation, any number
 */
public record PoolAddress(String path, long id) {}
