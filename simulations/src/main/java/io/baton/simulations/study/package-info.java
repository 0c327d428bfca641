/**
 * The study of failures: how many steps a second a chain gives when machines die, and which way of
 * recovering suits it.
 *
 * <p>{@link io.baton.simulations.study.StudyInputs} says what is studied, {@link
 * io.baton.simulations.study.Study} runs it on all processors, {@link
 * io.baton.simulations.study.StudyResult} holds what came out. {@link
 * io.baton.simulations.study.FailureModel} says what a failure is, the same for every strategy.
 */
@NullMarked
package io.baton.simulations.study;

import org.jspecify.annotations.NullMarked;
