package io.baton.simulations.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class EstimateTest {

  @Test
  void ofMean_isStudentsInterval() {
    // 2.776 is the quantile for four degrees of freedom, sqrt(0.5) the standard error.
    Estimate estimate = Estimate.ofMean(new double[] {1, 2, 3, 4, 5});

    assertThat(estimate.mean()).isEqualTo(3);
    assertThat(estimate.high() - 3).isCloseTo(2.776 * Math.sqrt(0.5), within(1e-3));
    assertThat(3 - estimate.low()).isCloseTo(2.776 * Math.sqrt(0.5), within(1e-3));
  }

  @Test
  void ofOneValue_isThatValue() {
    assertThat(Estimate.ofMean(new double[] {4})).isEqualTo(Estimate.exactly(4));
    assertThat(Estimate.ofRatio(new double[] {4}, new double[] {2}).mean()).isEqualTo(2);
  }

  @Test
  void ofRatio_isWhatAllYieldedOverWhatAllCost() {
    Estimate estimate = Estimate.ofRatio(new double[] {10, 10}, new double[] {1, 9});

    assertThat(estimate.mean()).isEqualTo(2);
    assertThat(estimate.low()).isPositive();
  }

  /** Times as spread as those of sessions that begin again and again. */
  @Test
  void ofRatio_holdsTheTrueRateInNineteenOfTwentyStudies() {
    SplittableRandom random = new SplittableRandom(5);
    int held = 0;
    for (int study = 0; study < 1000; study++) {
      double[] costs = new double[50];
      Arrays.setAll(costs, _ -> -Math.log(1 - random.nextDouble()));
      double[] yields = new double[50];
      Arrays.fill(yields, 1);
      if (Estimate.ofRatio(yields, costs).contains(1)) {
        held++;
      }
    }

    assertThat(held).isBetween(920, 970);
  }
}
