/**
 * Chunks between relays: a link to each peer, on which chunks are offered, granted room, sent and
 * taken, by whichever way the two relays have for their bytes.
 */
@NullMarked
package io.baton.transport.peer;

import org.jspecify.annotations.NullMarked;
