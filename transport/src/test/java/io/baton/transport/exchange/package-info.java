/** Tests of the links between relays. */
@NullMarked
package io.baton.transport.exchange;

import org.jspecify.annotations.NullMarked;
