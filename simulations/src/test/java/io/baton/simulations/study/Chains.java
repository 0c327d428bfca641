package io.baton.simulations.study;

import java.time.Duration;
import java.util.Collections;

/** Chains of round numbers. */
final class Chains {

  private Chains() {}

  /** A transfer takes 10 ms, a token 1 ms a stage, a replacement 2 s. */
  static Chain round(int stages) {
    StageSpeed speed = new StageSpeed(Duration.ofMillis(1), Duration.ZERO, Duration.ZERO, 1000);
    return new Chain(
        Collections.nCopies(stages, speed),
        RoundTrips.uniform(stages, Duration.ofMillis(20)),
        1e12,
        8,
        Duration.ofSeconds(2),
        256);
  }

  /** Nothing takes more than a microsecond. */
  static Chain quick(int stages) {
    return new Chain(
        Collections.nCopies(
            stages, new StageSpeed(Duration.ofNanos(100), Duration.ZERO, Duration.ZERO, 1e9)),
        RoundTrips.uniform(stages, Duration.ofNanos(200)),
        1e12,
        8,
        Duration.ZERO,
        256);
  }
}
