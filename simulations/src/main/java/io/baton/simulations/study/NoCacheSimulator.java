package io.baton.simulations.study;

/**
 * A system without caches: every step sends all tokens so far through the chain and computes them
 * at once. A failure costs the step, which is sent again.
 */
final class NoCacheSimulator implements SessionSimulator {

  @Override
  public SessionRun run(
      Chain chain, Workload workload, FailureModel failures, long seed, SessionTimeline timeline) {
    ModelSession session = new ModelSession(chain, workload, failures, seed, timeline);
    int step = 0;
    int again = 0;
    while (step < workload.tokens() && !session.isOver()) {
      int all = workload.before(step) + workload.added(step);
      if (session.step(all, 0, again)) {
        step++;
        again = 0;
      } else {
        again = all;
      }
    }
    return session.result(step == workload.tokens());
  }
}
