package io.baton.simulations.study;

/** The simulator of each strategy. */
final class Simulators {

  private Simulators() {}

  static SessionSimulator of(Strategy strategy) {
    return switch (strategy) {
      case RESTART -> new RestartSimulator();
      case NO_CACHE -> new NoCacheSimulator();
      case CLIENT_REPLAY, PUSH_REPLAY, PUSH_STANDBY ->
          throw new UnsupportedOperationException(strategy.id());
    };
  }
}
