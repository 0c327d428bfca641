package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The demo in one process. Its text is checked against the unsplit model by itself. */
@ExtendWith(Leftovers.class)
class DemoTest {

  @Test
  void json_hasWhatIsPromised() {
    Baton run = Baton.demo().assertStatus(ExitCode.OK);

    JsonNode json = run.json();
    assertThat(run.out().lines()).hasSize(1);
    assertThat(json.get("text").asText()).startsWith("Relay: Ana, Ben, Chi, Dov, Eli.\nAna ");
    assertThat(json.get("tokens").asInt()).isGreaterThan(100);
    assertThat(json.get("story_consistent").asBoolean()).isTrue();
    assertThat(json.get("same_as_unbroken").asBoolean()).isTrue();
    assertThat(json.get("stages").asInt()).isEqualTo(4);
    assertThat(json.get("steps_from_peer").asInt()).isPositive();
    assertThat(json.get("steps_from_client").isInt()).isTrue();
    assertThat(json.get("kills").toString()).isEqualTo("[\"2@40\"]");
    assertThat(json.get("reroutes").asInt()).isEqualTo(1);
    assertThat(json.get("replayed_tokens").asInt()).isPositive();
    assertThat(json.get("mismatches").asInt()).isZero();
    assertThat(json.get("tokens_per_second").asDouble()).isPositive();
  }

  @Test
  void text_forAPerson_tellsTheStoryTheFailureAndTheNumbers() {
    Baton run =
        Baton.run(
                "demo",
                "--model=" + Baton.model(),
                "--stages=2",
                "--kill=2@3",
                "--max-tokens=8",
                "--prompt=Relay: Bo, Cy.")
            .assertStatus(ExitCode.OK);

    assertThat(run.out())
        .startsWith("Relay: Bo, Cy.\n")
        .contains("[stage-2 killed]", "[now stage-1 > stage-2-spare-1]")
        .contains("token for token that of the unsplit model", "stage 2 at token 3 killed")
        .doesNotContain("\u001b")
        // It would be the JVM's youth.
        .doesNotContain("tokens a second", "ms: computing");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void text_ofSeveralRounds_saysHowFastBothAreWhenWarm() {
    Baton run =
        Baton.run(
                "demo",
                "--model=" + Baton.model(),
                "--stages=2",
                "--kill=none",
                "--rounds=3",
                "--max-tokens=4")
            .assertStatus(ExitCode.OK);

    assertThat(run.out())
        .containsPattern("speed +\\d+ tokens a second, and \\d+ unsplit: medians of 1 turns")
        .contains("ms in the last round: computing");
  }

  @ParameterizedTest
  @CsvSource({"1,0", "4,0", "2,1", "1,5", "3,5", "4,9"})
  void kill_ofOneStage(int stage, int token) {
    JsonNode json =
        Baton.demo("--max-tokens=10", "--kill=%d@%d".formatted(stage, token))
            .assertStatus(ExitCode.OK)
            .json();

    assertThat(json.get("kills").size()).isEqualTo(1);
    assertThat(json.get("failover_ms").size()).isEqualTo(1);
    assertThat(json.get("reroutes").asInt()).isBetween(token == 9 ? 0 : 1, 1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2@0 2@3",
        "2@3 2@4",
        "2@3 3@3",
        "1@4 2@4 3@4 4@4",
        "3@2 3@2",
        "1@0 1@0 2@1 1@1",
        "4@6 1@2"
      })
  void kill_ofSeveral(String kills) {
    List<String> all = List.of(kills.split(" "));
    String[] options =
        java.util.stream.Stream.concat(
                all.stream().map("--kill="::concat), java.util.stream.Stream.of("--max-tokens=12"))
            .toArray(String[]::new);

    JsonNode json = Baton.demo(options).assertStatus(ExitCode.OK).json();

    assertThat(json.get("kills")).extracting(JsonNode::asText).hasSameElementsAs(all);
    assertThat(json.get("kills").size()).isEqualTo(all.size());
    assertThat(json.get("kills_never_due").size()).isZero();
    assertThat(json.get("mismatches").asInt()).isZero();
  }

  @Test
  void kill_beyondTheEnd_isReportedAsNeverDue() {
    JsonNode json = Baton.demo("--max-tokens=5", "--kill=2@5").assertStatus(ExitCode.OK).json();

    assertThat(json.get("kills").size()).isZero();
    assertThat(json.get("kills_never_due").toString()).isEqualTo("[\"2@5\"]");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 8})
  void stages_healthy_everyStepComesFromThePeer(int stages) {
    JsonNode json =
        Baton.demo("--stages=" + stages, "--kill=none", "--max-tokens=10")
            .assertStatus(ExitCode.OK)
            .json();

    assertThat(json.get("stages").asInt()).isEqualTo(stages);
    assertThat(json.get("steps_from_peer").asInt()).isEqualTo(10 * (stages - 1));
    assertThat(json.get("steps_from_client").asInt()).isZero();
    assertThat(json.get("reroutes").asInt()).isZero();
    assertThat(json.get("replayed_tokens").asInt()).isZero();
  }

  @Test
  void stages_one_survivesTheDefaultKill() {
    JsonNode json = Baton.demo("--stages=1", "--max-tokens=45").assertStatus(ExitCode.OK).json();

    assertThat(json.get("kills").toString()).isEqualTo("[\"1@40\"]");
  }

  @Test
  void noPush_noStepComesFromThePeer() {
    JsonNode json =
        Baton.demo("--no-push", "--kill=3@4", "--max-tokens=10").assertStatus(ExitCode.OK).json();

    assertThat(json.get("steps_from_peer").asInt()).isZero();
    assertThat(json.get("steps_from_client").asInt()).isEqualTo(30);
    assertThat(json.get("reroutes").asInt()).isEqualTo(1);
  }

  /** Nothing waits for a standby, and how far it lags is the machine's affair. */
  @Test
  void standby_takesOverWhatItHasAbsorbed() {
    JsonNode json =
        Baton.demo("--standby", "--kill=2@40", "--max-tokens=54").assertStatus(ExitCode.OK).json();

    assertThat(json.get("standby").asBoolean()).isTrue();
    assertThat(json.get("kills").toString()).isEqualTo("[\"2@40\"]");
    assertThat(json.get("reroutes").asInt()).isEqualTo(1);
    assertThat(json.get("takeovers").asInt()).isEqualTo(1);
    assertThat(json.get("replayed_tokens").asInt()).isLessThan(Baton.DEMO_PROMPT_TOKENS + 40);
  }

  @Test
  void standby_forAPerson_isPartOfTheStory() {
    Baton run =
        Baton.run(
                "demo",
                "--model=" + Baton.model(),
                "--standby",
                "--stages=2",
                "--kill=2@6",
                "--max-tokens=60",
                "--prompt=Relay: Bo, Cy.")
            .assertStatus(ExitCode.OK);

    assertThat(run.out())
        .contains("[stage-1-standby stands by]", "[stage-2-standby stands by]")
        .contains("[stage-2 killed]", "[stage-2-standby takes over]")
        .contains("[now stage-1 > stage-2-standby]")
        .contains("2, each with a standby, in this process", "1 took over;");
    assertThat(run.err()).isEmpty();
  }

  /** The killed one comes back, catches up, and takes over from the one that took over from it. */
  @Test
  void standby_ofOneThatWasKilledTwice_isTheOneThatCameBack() {
    JsonNode json =
        // The latency gives it some seconds to come back, however busy the machine is.
        Baton.demo(
                "--standby",
                "--stages=2",
                "--hop-latency=20ms",
                "--kill=2@5",
                "--kill=2@100",
                "--max-tokens=110")
            .assertStatus(ExitCode.OK)
            .json();

    assertThat(json.get("kills").size()).isEqualTo(2);
    assertThat(json.get("takeovers").asInt()).isEqualTo(2);
    assertThat(json.get("standby_tokens").asInt()).isPositive();
  }

  @Test
  void hopLatency_slowsEveryHopAndChangesNothingElse() {
    JsonNode json =
        Baton.demo("--hop-latency=5ms", "--kill=2@2", "--max-tokens=6")
            .assertStatus(ExitCode.OK)
            .json();

    assertThat(json.get("hop_latency_ms").asDouble()).isEqualTo(5.0);
    // To the first stage, three times on, and back.
    assertThat(json.get("ms_per_token").asDouble()).isGreaterThanOrEqualTo(25.0);
    assertThat(json.get("reroutes").asInt()).isEqualTo(1);
  }

  @Test
  void prompt_ofCharactersBeyondAscii_comesBackWhole() {
    JsonNode json =
        Baton.demo("--prompt=Grüße 🏃", "--max-tokens=3", "--kill=none")
            .assertStatus(ExitCode.OK)
            .json();

    assertThat(json.get("text").asText()).startsWith("Grüße 🏃\n");
  }

  @Test
  void demo_twoAtOnce_doNotDisturbEachOther() {
    CompletableFuture<Baton> other =
        CompletableFuture.supplyAsync(
            () -> Baton.demo("--max-tokens=30", "--kill=1@7", "--prompt=Relay: Bo, Cy."));
    JsonNode json = Baton.demo("--max-tokens=30", "--kill=4@9").assertStatus(ExitCode.OK).json();

    assertThat(json.get("kills").toString()).isEqualTo("[\"4@9\"]");
    assertThat(other.join().assertStatus(ExitCode.OK).json().get("text").asText())
        .startsWith("Relay: Bo, Cy.");
  }
}
