/**
 * One file for what befalls a chain: read once, played on the simulator and on real processes.
 *
 * <p>{@link io.baton.simulations.scenario.ScenarioReader} reads it, {@link
 * io.baton.simulations.scenario.Director} lets its events happen at their tokens to any {@link
 * io.baton.simulations.scenario.ScenarioChain}, and {@link
 * io.baton.simulations.scenario.ScenarioReport} says what came of it.
 */
@NullMarked
package io.baton.simulations.scenario;

import org.jspecify.annotations.NullMarked;
