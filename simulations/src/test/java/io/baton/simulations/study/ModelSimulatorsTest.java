package io.baton.simulations.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ModelSimulatorsTest {

  private static final FailureModel NONE = new FailureModel(0);
  private static final Duration HOUR = Duration.ofHours(1);

  private static SessionRun run(SessionSimulator simulator, int tokens, FailureModel failures) {
    return simulator.run(
        Chains.round(4), new Workload(1, tokens, HOUR), failures, 7, SessionTimeline.NONE);
  }

  @Test
  void restart_withoutFailures_takesAStepForEachToken() {
    SessionRun run = run(new RestartSimulator(), 100, NONE);

    assertThat(run.finished()).isTrue();
    assertThat(run.steps()).isEqualTo(100);
    // Five transfers of 10 ms and four computations of 1 ms.
    assertThat(run.nanos() / 1e6).isCloseTo(100 * 54, within(1e-3));
    assertThat(run.clientBytes()).isEqualTo(100 * 8);
    assertThat(run.serverBytes()).isEqualTo(100 * 4 * 8);
    assertThat(run.replayedTokens()).isZero();
  }

  @Test
  void noCache_withoutFailures_computesAllTokensInEachStep() {
    SessionRun run = run(new NoCacheSimulator(), 100, NONE);

    assertThat(run.steps()).isEqualTo(100);
    // Step k computes k tokens at each of four stages, a millisecond each.
    assertThat(run.nanos() / 1e6).isCloseTo(100 * 50 + 4 * 5050, within(1e-3));
    assertThat(run.clientBytes()).isEqualTo(5050 * 8);
  }

  @Test
  void noCache_failure_costsAStepAndAReplacement() {
    SessionRun run = run(new NoCacheSimulator(), 100, new FailureModel(0.01));

    assertThat(run.finished()).isTrue();
    assertThat(run.failures()).isPositive();
    assertThat(run.steps()).isEqualTo(100 + run.failures());
    assertThat(run.nanos()).isGreaterThan(run.failures() * 2_000_000_000L);
  }

  @Test
  void restart_failure_computesWhatWasThereAgain() {
    SessionRun run = run(new RestartSimulator(), 100, new FailureModel(0.01));

    assertThat(run.failures()).isPositive();
    assertThat(run.replayedTokens()).isPositive();
    assertThat(run.steps()).isGreaterThan(100 + run.failures());
  }

  @ParameterizedTest
  @EnumSource(names = {"RESTART", "NO_CACHE"})
  void beyondTheCap_isNotFinishedAndTookTheCap(Strategy strategy) {
    SessionRun run = run(Simulators.of(strategy), 4000, new FailureModel(0.2));

    assertThat(run.finished()).isFalse();
    assertThat(run.nanos()).isEqualTo(HOUR.toNanos());
  }

  @ParameterizedTest
  @EnumSource(names = {"RESTART", "NO_CACHE"})
  void sameSeed_givesTheSameHistory(Strategy strategy) {
    assertThat(history(strategy, 3)).isEqualTo(history(strategy, 3));
    assertThat(history(strategy, 3)).isNotEqualTo(history(strategy, 4));
  }

  private static List<String> history(Strategy strategy, long seed) {
    List<String> history = new ArrayList<>();
    Simulators.of(strategy)
        .run(
            Chains.round(4),
            new Workload(4, 60, HOUR),
            new FailureModel(0.01),
            seed,
            (kind, sender, party, from, to) ->
                history.add("%s %d %d %d %d".formatted(kind, sender, party, from, to)));
    return history;
  }
}
