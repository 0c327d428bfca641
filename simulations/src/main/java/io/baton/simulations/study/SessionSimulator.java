package io.baton.simulations.study;

/** Simulates one session; the same arguments give the same run. Safe for use by several threads. */
public interface SessionSimulator {

  /**
   * Runs a session to its end or to the cap.
   *
   * @param seed of all that is drawn
   * @param timeline is told what happened when
   */
  SessionRun run(
      Chain chain, Workload workload, FailureModel failures, long seed, SessionTimeline timeline);
}
