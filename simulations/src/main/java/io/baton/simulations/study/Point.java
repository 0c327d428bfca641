package io.baton.simulations.study;

/**
 * One combination of what a study varies.
 *
 * @param repeats sessions that are simulated
 */
record Point(
    Strategy strategy, Chain chain, Workload workload, FailureModel failures, int repeats) {}
