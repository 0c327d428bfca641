/**
 * Random runs of the simulated world, each drawn from a seed, with everything checked that must
 * hold; and what makes a failing one small enough to be read.
 */
@NullMarked
package io.baton.simulations.swarm;

import org.jspecify.annotations.NullMarked;
