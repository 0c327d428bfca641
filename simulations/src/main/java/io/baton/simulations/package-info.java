/** Faults around the protocol. */
@NullMarked
package io.baton.simulations;

import org.jspecify.annotations.NullMarked;
