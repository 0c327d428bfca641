/** Tests of the simulated world. */
@NullMarked
package io.baton.simulations.world;

import org.jspecify.annotations.NullMarked;
