package io.baton.simulations.study;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StudyInputsTest {

  @TempDir private Path directory = Path.of("");

  private Path file(String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name), text);
  }

  @Test
  void standard_isTheCalibratedChain() throws BadInputException {
    StudyInputs inputs = StudyInputs.of(GivenInputs.none());

    assertThat(inputs.chain().stages()).isEqualTo(4);
    assertThat(inputs.chain().replacement()).isEqualTo(Duration.ofSeconds(2));
    assertThat(inputs.chain().activationBytes()).isEqualTo(8192);
    assertThat(inputs.chain().bytesPerSecond()).isEqualTo(125e6);
    assertThat(inputs.chain().mergeTokens()).isEqualTo(256);
    assertThat(inputs.workload()).isEqualTo(new Workload(1, 1024, Duration.ofHours(1)));
    assertThat(inputs.failureRates()).containsExactly(0.0, 1e-4, 1e-3, 1e-2);
    assertThat(inputs.strategies()).containsExactly(Strategy.values());
    assertThat(inputs.strikeCopies()).isFalse();
    assertThat(inputs.repeats()).isEqualTo(50);
    assertThat(inputs.seed()).isEqualTo(1);
  }

  @Test
  void file_saysAll() throws Exception {
    Path file =
        file(
            "chain.yaml",
            """
            stages: 2
            tokens: 10
            prompt-tokens: 5
            stage-time: [2ms, 3ms]
            cached-token-time: 1us
            prefill-start: 0
            prefill-speed: 100
            round-trip:      # client, first, second
              - [0, 9ms, 8ms]
              - [9ms, 0, 1.5]
              - [8ms, 2ms, 0]
            bandwidth: 100MB/s
            activation-bytes: 4096
            replacement: 250ms
            merge-tokens: 1
            failure-rate: [1e-2, 0.001]
            strike-copies: yes
            strategy: [push-standby, restart]
            repeats: 3
            seed: -4
            cap: 2m
            """);

    StudyInputs inputs = StudyInputs.of(GivenInputs.read(file));

    Chain chain = inputs.chain();
    assertThat(chain.computeNanos(1, 1, 0)).isEqualTo(2_000_000);
    assertThat(chain.computeNanos(2, 1, 10)).isEqualTo(3_010_000);
    assertThat(chain.computeNanos(2, 50, 10)).isEqualTo(500_000_000);
    assertThat(chain.roundTrips().oneWayNanos(1, 2)).isEqualTo(750_000);
    assertThat(chain.roundTrips().oneWayNanos(2, 1)).isEqualTo(1_000_000);
    assertThat(chain.transferNanos(0, 2, 100)).isEqualTo(4_000_000 + 4_096_000);
    assertThat(inputs.failureRates()).containsExactly(0.0, 0.001, 0.01);
    assertThat(inputs.strategies()).containsExactly(Strategy.RESTART, Strategy.PUSH_STANDBY);
    assertThat(inputs.workload()).isEqualTo(new Workload(5, 10, Duration.ofMinutes(2)));
    assertThat(inputs.strikeCopies()).isTrue();
    assertThat(inputs.seed()).isEqualTo(-4);
  }

  @Test
  void option_goesBeforeTheFile() throws Exception {
    Path file = file("chain.yaml", "stages: 2\ntokens: 10\n");

    StudyInputs inputs = StudyInputs.of(GivenInputs.read(file).withOption(Input.TOKENS, "20"));

    assertThat(inputs.workload().tokens()).isEqualTo(20);
    assertThat(inputs.chain().stages()).isEqualTo(2);
  }

  @Test
  void roundTrips_ofAFileBesideTheFileOfInputs() throws Exception {
    file("times.csv", "# client, one\n0, 7\n7ms 0\n");
    Path file = file("chain.yaml", "stages: 1\nround-trip: times.csv\n");

    assertThat(StudyInputs.of(GivenInputs.read(file)).chain().roundTrips().rows())
        .containsExactly(
            List.of(Duration.ZERO, Duration.ofMillis(7)),
            List.of(Duration.ofMillis(7), Duration.ZERO));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "stages; 0; --stages takes a number from 1 to 256, not '0'",
        "stages; x; not 'x'",
        "tokens; -1; --tokens takes a number",
        "failure-rate; 1; --failure-rate takes probabilities from 0 to below 1",
        "failure-rate; 1e-2,; not '1e-2,'",
        "failure-rate; NaN; probabilities",
        "strategy; pull; --strategy takes all, or of [restart, no-cache",
        "repeats; 0; --repeats",
        "seed; 1.5; --seed takes a whole number",
        "stage-time; 2; --stage-time takes a time such as 2.2ms",
        "stage-time; 2ms,3ms; one for each of the 4 stages",
        "prefill-speed; 0; --prefill-speed takes tokens a second",
        "round-trip; -5ms; --round-trip takes a time such as 20ms",
        "round-trip; 0,1ms; --round-trip takes 5 rows of 5 times",
        "round-trip; no-such-file; rows of times, or a file of them, not 'no-such-file'",
        "bandwidth; 1Gbit; --bandwidth takes a bandwidth such as 1Gbit/s",
        "activation-bytes; 0; --activation-bytes takes a size",
        "replacement; soon; --replacement takes a time",
        "merge-tokens; 0; --merge-tokens",
        "strike-copies; maybe; --strike-copies takes yes or no",
        "cap; 0; --cap takes a time above 0"
      })
  void wrongOption_isNamedWithWhatItTakes(String id, String text, String says) {
    GivenInputs given = GivenInputs.none().withOption(Input.of(id).orElseThrow(), text);

    assertThatThrownBy(() -> StudyInputs.of(given))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining(says);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "stags: 4|there is no input 'stags'; there are stages, tokens",
        "stages: many|stages in",
        "stages: {a: 1}|takes a value or a list",
        "round-trip: [[0], 1]|takes values, or lists of values",
        "[1, 2]|is to hold lines such as",
        "'a: b: c'|is not YAML"
      })
  void wrongFile_isNamedWithWhatIsWrong(String text, String says) throws IOException {
    Path file = file("chain.yaml", text);

    assertThatThrownBy(() -> StudyInputs.of(GivenInputs.read(file)))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("chain.yaml")
        .hasMessageContaining(says);
  }

  @Test
  void missingFile_isNamed() {
    assertThatThrownBy(() -> GivenInputs.read(directory.resolve("none.yaml")))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("none.yaml: there is no such file");
  }
}
