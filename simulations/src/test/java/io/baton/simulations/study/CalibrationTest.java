package io.baton.simulations.study;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class CalibrationTest {

  /** What the model may be off; without failures it is fitted, and hardly off. */
  private static final double FACTOR = 1.4;

  private static final double FITTED = 1.02;

  @Test
  void model_hasTheShapeOfThePublishedMeasurement() throws InterruptedException {
    List<Calibration.Comparison> comparisons = Calibration.run(12, 1, 2, Progress.NONE);

    assertThat(comparisons).hasSize(24);
    for (Calibration.Comparison comparison : comparisons) {
      double factor = comparison.failureRate() == 0 ? FITTED : FACTOR;
      assertThat(comparison.agreesWithin(factor))
          .as(
              "%s, %d tokens, %s: published %s, model %s",
              comparison.strategy(),
              comparison.tokens(),
              comparison.failureRate(),
              comparison.published(),
              comparison.model().stepsPerSecond())
          .isTrue();
    }
  }
}
