package io.baton.client.sidecar;

/**
 * A chunk, as one receiver sees it.
 *
 * @param registration the receiver's
 */
record ChunkKey(long registration, String dataId, int index) {}
