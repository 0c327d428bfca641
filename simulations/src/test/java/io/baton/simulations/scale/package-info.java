/** Fleets of relays and sessions, in small. */
@NullMarked
package io.baton.simulations.scale;

import org.jspecify.annotations.NullMarked;
