/** Tests of the swarm, and protocols broken on purpose to test its checkers with. */
@NullMarked
package io.baton.simulations.swarm;

import org.jspecify.annotations.NullMarked;
