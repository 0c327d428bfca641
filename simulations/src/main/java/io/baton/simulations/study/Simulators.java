package io.baton.simulations.study;

/** The simulator of each strategy. */
final class Simulators {

  private Simulators() {}

  static SessionSimulator of(Strategy strategy) {
    return switch (strategy) {
      case RESTART -> new RestartSimulator();
      case NO_CACHE -> new NoCacheSimulator();
      case CLIENT_REPLAY -> new RelayedSimulator(false, false);
      case PUSH_REPLAY -> new RelayedSimulator(true, false);
      case PUSH_STANDBY -> new RelayedSimulator(true, true);
    };
  }
}
