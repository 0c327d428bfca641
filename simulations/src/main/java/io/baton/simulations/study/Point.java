package io.baton.simulations.study;

/** One combination of what a study varies. */
record Point(Strategy strategy, Chain chain, Workload workload, double failureRate) {}
