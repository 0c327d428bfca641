package io.baton.simulations.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SimulatedScenarioTest {

  /** Where the examples are, seen from this module. */
  private static final Path EXAMPLES = Path.of("../docs/scenarios");

  private static ScenarioReport play(String text) throws Exception {
    return SimulatedScenario.play(ScenarioReader.read("f", text), 1).report();
  }

  private static ScenarioReport example(String name) throws Exception {
    Scenario scenario = ScenarioReader.read(EXAMPLES.resolve(name));
    SimulatedScenario played = SimulatedScenario.play(scenario, 1);
    assertThat(played.tokens()).isEqualTo(OracleTokens.unbroken(scenario));
    assertThat(played.report().sameAsUnbroken()).isTrue();
    assertThat(played.report().events()).hasSameSizeAs(scenario.events());
    return played.report();
  }

  @Test
  void example_killAndReplay_replaysTheSessionAtEachReplacement() throws Exception {
    ScenarioReport report = example("kill-and-replay.yaml");

    assertThat(report.reroutes()).isEqualTo(3);
    assertThat(report.takeovers()).isZero();
    // A session of 32 tokens of prompt and those generated, the last not being in it yet.
    assertThat(report.replayedTokens()).isEqualTo((32 + 5) + (32 + 9) + (32 + 14));
    assertThat(report.stepsFromPeer()).isEqualTo(3 * 20);
    assertThat(report.stepsFromClient()).isZero();
  }

  @Test
  void example_standbys_replayNothing() throws Exception {
    ScenarioReport report = example("standbys.yaml");

    assertThat(report.reroutes()).isEqualTo(3);
    assertThat(report.takeovers()).isEqualTo(3);
    assertThat(report.replayedTokens()).isZero();
    assertThat(report.standbyTokens()).isPositive();
  }

  @Test
  void example_slowAndCut_goesOnByOtherWays() throws Exception {
    ScenarioReport report = example("slow-and-cut.yaml");

    assertThat(report.reroutes()).isEqualTo(1);
    assertThat(report.replayedTokens()).isZero();
    assertThat(report.events().get(0).gapMillis()).isBetween(700.0, 800.0);
    assertThat(report.events().get(1).gapMillis()).isBetween(60.0, 100.0);
    assertThat(report.stepsFromClient()).isEqualTo(8);
  }

  @ParameterizedTest
  @ValueSource(strings = {"kill-and-replay.yaml", "standbys.yaml", "slow-and-cut.yaml"})
  void play_twiceTheSameSeed_isTheSame(String name) throws Exception {
    Scenario scenario = ScenarioReader.read(EXAMPLES.resolve(name));
    assertThat(SimulatedScenario.play(scenario, 5).report())
        .isEqualTo(SimulatedScenario.play(scenario, 5).report());
  }

  @Test
  void restart_ofTheOnlyRelay_isWaitedFor() throws Exception {
    ScenarioReport report =
        play(
            "{stages: 2, tokens: 6, prompt-tokens: 3, events: [{at: 0, kill: 1}, {at: 0, restart: 1}, {at: 4, kill: 2}, {at: 4, restart: 2}]}");

    assertThat(report.sameAsUnbroken()).isTrue();
    assertThat(report.reroutes()).isEqualTo(2);
    assertThat(report.replayedTokens()).isEqualTo(3 + 3);
  }

  @Test
  void kills_ofAllStagesAtOneToken_replayTheSessionAtEach() throws Exception {
    ScenarioReport report =
        play(
            "{stages: 3, tokens: 6, prompt-tokens: 4, events: [{at: 3, kill: 1}, {at: 3, kill: 2}, {at: 3, kill: 3}]}");

    assertThat(report.sameAsUnbroken()).isTrue();
    assertThat(report.reroutes()).isEqualTo(3);
    assertThat(report.replayedTokens()).isEqualTo(3 * 6);
  }

  @Test
  void push_off_everyStepComesFromTheClient() throws Exception {
    ScenarioReport report =
        play("{stages: 3, tokens: 6, push: off, events: [{at: 3, cut: 1-2}, {at: 4, kill: 2}]}");

    assertThat(report.sameAsUnbroken()).isTrue();
    assertThat(report.stepsFromPeer()).isZero();
    assertThat(report.stepsFromClient()).isEqualTo(2 * 6);
  }

  @Test
  void cut_fromTheClientForGood_goesAroundTheRelay() throws Exception {
    ScenarioReport report =
        play("{stages: 2, tokens: 6, prompt-tokens: 4, events: [{at: 3, cut: 0-2}]}");

    assertThat(report.sameAsUnbroken()).isTrue();
    assertThat(report.reroutes()).isEqualTo(1);
    assertThat(report.replayedTokens()).isEqualTo(6);
  }

  @Test
  void cut_fromTheClientForLongerThanItsPatience_fails() {
    assertThatThrownBy(() -> play("{stages: 2, tokens: 6, events: [{at: 3, cut: 0-2, for: 10m}]}"))
        .isInstanceOf(SimulationFailedException.class)
        .hasMessageContaining("token 3: no chain of relays could be had");
  }

  @Test
  void cut_betweenStagesForAWhile_usesThePushAgainAfterwards() throws Exception {
    ScenarioReport report =
        play("{stages: 2, tokens: 20, hop-latency: 10ms, events: [{at: 3, cut: 1-2, for: 600ms}]}");

    assertThat(report.sameAsUnbroken()).isTrue();
    assertThat(report.stepsFromClient()).isBetween(2L, 4L);
    assertThat(report.stepsFromPeer()).isEqualTo(20 - report.stepsFromClient());
    assertThat(report.reroutes()).isZero();
  }
}
