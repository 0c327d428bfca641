package io.baton.transport.pinned;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import org.junit.jupiter.api.Test;

/** Bounds a little below what {@link PoolFigures} finds. */
class FragmentationTest {

  @Test
  void singleRows_fillThePool() {
    assertThat(Fragmentation.mean(Fragmentation.fullness(Fragmentation.ROWS, 0, 400_000)))
        .isGreaterThan(0.99);
  }

  @Test
  void prompts_fillMostOfThePool() {
    assertThat(Fragmentation.mean(Fragmentation.fullness(Fragmentation.PROMPTS, 0, 40_000)))
        .isGreaterThan(0.93);
  }

  /** What a hint buys: the pool has a number of places, and every place freed serves anybody. */
  @Test
  void oddSizes_withAHint_alwaysTheSameNumberOfSlots() {
    int tile = Fragmentation.HIDDEN + PoolLayout.HEADER;
    double[] refusals = Fragmentation.fullness(Fragmentation.ODD, Fragmentation.HIDDEN, 600_000);
    assertThat(refusals.length).isEqualTo(600_000 - 600_000 / 4 - 1);
    assertThat(Fragmentation.mean(refusals) * Fragmentation.CAPACITY / (Fragmentation.HIDDEN - 750))
        .isCloseTo((double) Fragmentation.CAPACITY / tile, withinPercentage(0.2));
    assertThat(refusals[0]).isGreaterThan(Fragmentation.mean(refusals) - 0.002);
  }

  @Test
  void mixedSizes_fillMostOfThePool() {
    assertThat(Fragmentation.mean(Fragmentation.fullness(Fragmentation.MIXED, 0, 60_000)))
        .isGreaterThan(0.78);
  }
}
