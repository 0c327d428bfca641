/**
 * Many sessions over many relays that come and go: whether failures stay local, and what it costs.
 */
@NullMarked
package io.baton.simulations.scale;

import org.jspecify.annotations.NullMarked;
