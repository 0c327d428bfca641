package io.baton.simulations.study;

/** Is told how far a study has got; by several threads. */
public interface Progress {

  /** Tells nobody. */
  Progress NONE =
      new Progress() {
        @Override
        public void begins(long sessions) {}

        @Override
        public void ran() {}
      };

  /** So many sessions are going to be simulated. */
  void begins(long sessions);

  /** One has been. */
  void ran();
}
