package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One file, played on the simulator and on real processes. */
@ExtendWith(Leftovers.class)
class ScenarioTest {

  /** The figures that do not hang on how fast anything is. */
  private static final List<String> DETERMINED =
      List.of(
          "stages",
          "standby",
          "push",
          "prompt_tokens",
          "tokens",
          "same_as_unbroken",
          "reroutes",
          "takeovers",
          "replayed_tokens",
          "mismatches",
          "events_never_due");

  @TempDir private Path directory;

  private static String example(String name) {
    return Baton.root().resolve("docs/scenarios").resolve(name).toString();
  }

  private static JsonNode simulated(String file) {
    return Baton.run("simulate", "scenario", "--json", file).assertStatus(ExitCode.OK).json();
  }

  private String file(String text) throws IOException {
    return Files.writeString(directory.resolve("s.yaml"), text).toString();
  }

  private static void assertProcessesAgree(String file) {
    JsonNode simulated = simulated(file);
    JsonNode real = Baton.demo("--processes", "--scenario", file).assertStatus(ExitCode.OK).json();

    assertThat(simulated.get("played_on").asText()).isEqualTo("simulator");
    assertThat(real.get("played_on").asText()).isEqualTo("processes");
    assertThat(real.fieldNames()).toIterable().containsExactlyElementsOf(simulated::fieldNames);
    for (String figure : DETERMINED) {
      assertThat(real.get(figure)).as(figure).isEqualTo(simulated.get(figure));
    }
    assertThat(real.get("same_as_unbroken").asBoolean()).isTrue();
    assertThat(events(real)).isEqualTo(events(simulated));
  }

  private static List<String> events(JsonNode report) {
    List<String> events = new ArrayList<>();
    for (JsonNode event : report.get("events")) {
      events.add("%s %s %s".formatted(event.get("at"), event.get("event"), event.get("relay")));
    }
    return events;
  }

  @Test
  void spareAndRestart_processesAndSimulatorAgree() throws IOException {
    assertProcessesAgree(
        file(
            """
            stages: 2
            prompt-tokens: 9
            tokens: 8
            events:
              - {at: 2, kill: 2}
              - {at: 5, kill: 1}
              - {at: 5, restart: 1}
            """));
  }

  @Test
  void standbyAndPause_processesAndSimulatorAgree() throws IOException {
    assertProcessesAgree(
        file(
            """
            stages: 2
            prompt-tokens: 9
            tokens: 10
            standby: on
            events:
              - {at: 3, pause: 1, for: 200ms}
              - {at: 6, kill: 2}
            """));
  }

  @ParameterizedTest
  @ValueSource(strings = {"kill-and-replay.yaml", "standbys.yaml", "slow-and-cut.yaml"})
  void simulate_eachExample_tellsEveryEvent(String name) {
    Baton run = Baton.run("simulate", "scenario", example(name)).assertStatus(ExitCode.OK);

    JsonNode json = simulated(example(name));
    assertThat(json.get("events").size()).isPositive();
    assertThat(json.get("events_never_due").size()).isZero();
    for (JsonNode event : json.get("events")) {
      assertThat(run.out())
          .contains("token %s: %s".formatted(event.get("at"), event.get("event").asText()));
    }
    assertThat(run.out())
        .contains("those of a run in one place without faults", "played on the simulator");
    assertThat(run.err()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "{stages: 4, tokens: 9, evnts: []}; s.yaml, line 1: nobody knows 'evnts' here",
        "{stages: 4, tokens: 9, events: [{at: 1, kill: 5}]}; line 1: kill takes a number from 1 to 4",
        "stages: [; line 1"
      })
  void scenario_thatIsNone_isAUsageError(String text, String says) throws IOException {
    String file = file(text);
    Baton.run("simulate", "scenario", file).assertFails(ExitCode.USAGE, says);
    Baton.demo("--processes", "--scenario", file).assertFails(ExitCode.USAGE, says);
  }

  @Test
  void scenario_thatIsNotThere_isAUsageError() {
    Baton.run("simulate", "scenario", "/nowhere/x.yaml")
        .assertFails(ExitCode.USAGE, "/nowhere/x.yaml: there is no such file");
    Baton.run("simulate", "scenario").assertFails(ExitCode.USAGE, "FILE");
  }

  @Test
  void scenario_thatNoChainSurvives_saysSo() throws IOException {
    Baton.run(
            "simulate",
            "scenario",
            file("{stages: 2, tokens: 5, events: [{at: 2, cut: 0-1, for: 10m}]}"))
        .assertFails(ExitCode.NO_ROUTE, "token 2: no chain of relays could be had");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "--kill=2@3; --kill does not go with --scenario",
        "--stages=2; --stages does not go with --scenario",
        "--hop-latency=5ms; --hop-latency does not go with --scenario"
      })
  void demo_optionBesideScenario_isAUsageError(String option, String says) {
    Baton.demo("--processes", "--scenario", example("standbys.yaml"), option)
        .assertFails(ExitCode.USAGE, says);
  }

  @Test
  void demo_scenarioWithoutProcesses_isAUsageError() {
    Baton.demo("--scenario", example("standbys.yaml"))
        .assertFails(ExitCode.USAGE, "--scenario needs --processes");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "{stages: 3, tokens: 5}; 2; do not divide into 3",
        "{stages: 2, tokens: 5, prompt-tokens: 9, prompt: 'Relay: Bo.'}; 6; the prompt has 11 tokens with this model, and the scenario's prompt-tokens says 9",
        "{stages: 2, tokens: 99999}; 6; the model holds at most"
      })
  void demo_scenarioThatTheModelCannot_saysWhy(String text, int status, String says)
      throws IOException {
    Baton.demo("--processes", "--scenario", file(text)).assertFails(status, says);
  }
}
