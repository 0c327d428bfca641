/** Sending and receiving through real relays. */
@NullMarked
package io.baton.simulations.sidecar;

import org.jspecify.annotations.NullMarked;
