package io.baton.simulations.chain;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.simulations.scenario.Happening;
import io.baton.simulations.scenario.OracleTokens;
import io.baton.simulations.scenario.Scenario;
import io.baton.simulations.scenario.ScenarioEvent;
import io.baton.simulations.scenario.ScenarioReader;
import io.baton.simulations.scenario.ScenarioReport;
import io.baton.simulations.scenario.SimulatedScenario;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same scenario on the simulator and on real relays: the same tokens, the same counts. */
@Timeout(120)
class ScenarioAgreementTest {

  private static final Path EXAMPLES = Path.of("../docs/scenarios");

  @ParameterizedTest
  @ValueSource(strings = {"kill-and-replay.yaml", "standbys.yaml", "slow-and-cut.yaml"})
  void example_simulatedAndReal_agree(String name) throws Exception {
    assertAgrees(ScenarioReader.read(EXAMPLES.resolve(name)));
  }

  @Test
  void restart_ofTheOnlyRelay_simulatedAndReal_agree() throws Exception {
    assertAgrees(
        ScenarioReader.read(
            "f",
            "{stages: 2, tokens: 6, prompt-tokens: 3, events: [{at: 0, kill: 1}, {at: 0, restart: 1}, {at: 4, kill: 2}, {at: 4, restart: 2}]}"));
  }

  @Test
  void withoutPush_simulatedAndReal_agree() throws Exception {
    assertAgrees(
        ScenarioReader.read(
            "f",
            "{stages: 3, tokens: 8, push: off, events: [{at: 2, kill: 1}, {at: 2, kill: 3}, {at: 5, cut: 0-2}]}"));
  }

  private static void assertAgrees(Scenario scenario) throws Exception {
    SimulatedScenario simulated = SimulatedScenario.play(scenario, 1);
    ScenarioChain.Played real = ScenarioChain.play(scenario);

    assertThat(real.tokens())
        .containsExactly(Arrays.stream(simulated.tokens()).boxed().toArray(Long[]::new))
        .containsExactly(
            Arrays.stream(OracleTokens.unbroken(scenario)).boxed().toArray(Long[]::new));
    ScenarioReport expected = simulated.report();
    ScenarioReport actual = real.report();
    assertThat(actual.reroutes()).as("reroutes").isEqualTo(expected.reroutes());
    assertThat(actual.takeovers()).as("takeovers").isEqualTo(expected.takeovers());
    assertThat(actual.replayedTokens())
        .as("replayed tokens")
        .isBetween(
            expected.replayedTokens(), expected.replayedTokens() + confirmationsToLose(scenario));
    assertThat(actual.mismatches()).isZero();
    assertThat(actual.events())
        .extracting(Happening::token, Happening::event, Happening::relay)
        .containsExactlyElementsOf(
            expected.events().stream()
                .map(
                    event ->
                        org.assertj.core.api.Assertions.tuple(
                            event.token(), event.event(), event.relay()))
                .toList());
  }

  /**
   * A cut of the client's own link may swallow its confirmation of the last step, which the stage
   * has answered: the client sends that step again, and the stage adopts what it has. The
   * simulator's times leave no room for it.
   */
  private static long confirmationsToLose(Scenario scenario) {
    return scenario.push()
        ? scenario.events().stream()
            .filter(event -> event instanceof ScenarioEvent.Cut cut && cut.link().isOfClient())
            .count()
        : 0;
  }
}
