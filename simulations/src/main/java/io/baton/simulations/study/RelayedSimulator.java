package io.baton.simulations.study;

/**
 * Baton's own machines in the simulated world, one relay a stage; with standbys two. A relay that
 * dies comes back without its memory once the time for a replacement is over, which is to say that
 * another machine has been found.
 */
final class RelayedSimulator implements SessionSimulator {

  private final boolean push;
  private final boolean standby;

  RelayedSimulator(boolean push, boolean standby) {
    this.push = push;
    this.standby = standby;
  }

  @Override
  public SessionRun run(
      Chain chain, Workload workload, FailureModel failures, long seed, SessionTimeline timeline) {
    RelayedSession session = new RelayedSession(chain, workload, failures, seed, timeline);
    return session.run(push, standby);
  }
}
