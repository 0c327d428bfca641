package io.baton.simulations.scale;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ScaleRunTest {

  private static final ScaleConfig SMALL = new ScaleConfig(7, 80, 400, 4, 12, 0.2, 0.05, false);

  private final List<Double> progress = new ArrayList<>();
  private ScaleResult result;

  /** One run, at which each test looks. */
  @BeforeAll
  void run() {
    result = ScaleRun.run(SMALL, progress::add);
  }

  @Test
  void run_everySessionEndsAndNothingIsLeft() {
    assertThat(result.finished() + result.died()).isEqualTo(SMALL.sessions());
    assertThat(result.died()).isPositive();
    assertThat(result.crashes()).isPositive();
    assertThat(result.left()).isZero();
    assertThat(progress).isSorted().last().isEqualTo(1.0);
  }

  @Test
  void run_reroutingStaysLocal() {
    assertThat(result.struck()).isGreaterThan(20);
    assertThat(result.reroutesAStruckSession()).isBetween(0.8, 1.2);
    assertThat(result.relaysChangedAReroute()).isBetween(0.8, 1.2);
    assertThat(result.replayedTokens()).isLessThan(result.wholeRoutesTokens() / 2);
  }

  @Test
  void run_leasesAreBounded() {
    assertThat(result.peakOrphans()).isPositive();
    // A heartbeat may have come just before, and a second passes between two looks.
    assertThat(result.orphanSecondsMax()).isLessThanOrEqualTo(17);
  }

  @Test
  void run_sameSeedSameResult() {
    ScaleResult other = ScaleRun.run(SMALL, _ -> {});
    assertThat(other.events()).isEqualTo(result.events());
    assertThat(other.virtualNanos()).isEqualTo(result.virtualNanos());
    assertThat(other.replayedTokens()).isEqualTo(result.replayedTokens());
  }

  @Test
  void config_outOfRangeSaysWhatItMustBe() {
    assertThatThrownBy(() -> new ScaleConfig(1, 3, 10, 4, 12, 0, 0, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("relays: 3; it must be two for each stage or more");
    assertThatThrownBy(() -> new ScaleConfig(1, 8, 10, 4, 12, 2, 0, false))
        .hasMessage("churn: 2.0; it must be from 0 to 1");
  }

  @Test
  void growth_ofALinearCostIsOne() {
    List<ScaleResult> results = List.of(costing(100, 1_000), costing(1_000, 10_000));
    assertThat(Growth.exponent(results, ScaleResult::wallNanos)).isBetween(0.999, 1.001);
    assertThat(Growth.exponent(List.of(costing(10, 100), costing(100, 10_000)), r -> r.wallNanos()))
        .isBetween(1.999, 2.001);
  }

  private static ScaleResult costing(int sessions, long wallNanos) {
    return new ScaleResult(
        new ScaleConfig(1, 8, sessions, 4, 12, 0, 0, false),
        1,
        wallNanos,
        1,
        1,
        1,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0);
  }
}
