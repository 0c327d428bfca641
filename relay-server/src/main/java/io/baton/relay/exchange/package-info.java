/**
 * Sending and receiving at a relay: carries out what the machines of {@code session.exchange}
 * decide, for the processes of this host and for other relays, in one loop.
 */
@NullMarked
package io.baton.relay.exchange;

import org.jspecify.annotations.NullMarked;
