/** Tests of the exchange, and what other tests do to it. */
@NullMarked
package io.baton.relay.exchange;

import org.jspecify.annotations.NullMarked;
