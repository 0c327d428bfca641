package io.baton.simulations.study;

/**
 * A system that keeps caches and begins again, prompt and all, after a failure. Outputs go from
 * stage to stage.
 */
final class RestartSimulator implements SessionSimulator {

  @Override
  public SessionRun run(
      Chain chain, Workload workload, FailureModel failures, long seed, SessionTimeline timeline) {
    ModelSession session = new ModelSession(chain, workload, failures, seed, timeline);
    int step = 0;
    int reached = 0;
    while (step < workload.tokens() && !session.isOver()) {
      int added = workload.added(step);
      if (session.step(added, workload.before(step), step < reached ? added : 0)) {
        step++;
        reached = Math.max(reached, step);
      } else {
        step = 0;
      }
    }
    return session.result(step == workload.tokens());
  }
}
