package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SimulateFailuresTest {

  private static final String[] SHORT = {
    "simulate", "failures", "--tokens=12", "--repeats=2", "--failure-rate=1e-2"
  };

  private static Baton run(String... more) {
    String[] all = java.util.Arrays.copyOf(SHORT, SHORT.length + more.length);
    System.arraycopy(more, 0, all, SHORT.length, more.length);
    return Baton.run(all);
  }

  @Test
  void table_hasEveryStrategy() {
    Baton run = run().assertStatus(ExitCode.OK);

    assertThat(run.out())
        .contains("4 stages, 12 tokens a session, 2 sessions a row, seed 1")
        .contains("restart", "no-cache", "client-replay", "push-replay", "push-standby");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void sameSeed_printsTheSame() {
    assertThat(run("--seed=3", "--threads=1").out()).isEqualTo(run("--seed=3").out());
    assertThat(run("--seed=3").out()).isNotEqualTo(run("--seed=5").out());
  }

  @Test
  void files_holdTheFiguresAndTheCommandWithoutDirectories(@TempDir Path directory)
      throws IOException {
    Path inputs = Files.writeString(directory.resolve("chain.yaml"), "stages: 2\n");
    Files.writeString(directory.resolve("times.txt"), "0 5 5\n5 0 1\n5 1 0\n");
    Path json = directory.resolve("r.json");
    Path csv = directory.resolve("r.csv");
    Path html = directory.resolve("r.html");

    run(
            "--inputs=" + inputs,
            "--round-trip=" + directory.resolve("times.txt"),
            "--json=" + json,
            "--csv=" + csv,
            "--html=" + html,
            "--svg=" + directory)
        .assertStatus(ExitCode.OK);

    JsonNode figures = new ObjectMapper().readTree(json.toFile());
    assertThat(figures.path("inputs").path("stages").asInt()).isEqualTo(2);
    assertThat(figures.path("command").asText())
        .isEqualTo(
            "baton simulate failures --inputs chain.yaml --tokens 12 --failure-rate 1e-2 --repeats 2 --round-trip times.txt");
    assertThat(csv).content().startsWith("table,strategy");
    assertThat(html)
        .content()
        .contains("baton simulate failures --inputs chain.yaml")
        .doesNotContain(directory.toString());
    assertThat(directory.resolve("over-failure-rate.svg")).content().startsWith("<svg");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "--bogus; Unknown option: '--bogus'",
        "--stages=0; --stages takes a number from 1 to 256, not '0'",
        "--failure-rate=2; --failure-rate takes probabilities",
        "--strategy=hope; --strategy takes all, or of",
        "--round-trip=soon; --round-trip takes a time such as 20ms",
        "--threads=0; --threads takes a number from 1 up",
        "--inputs=/no/such.yaml; /no/such.yaml: there is no such file",
        "--html=/no/such/page.html; cannot be written",
        "--json=/; cannot be written",
        "--svg=/no/such; --svg /no/such: no such directory"
      })
  void wrongOption_isNamed(String options, String says) {
    Baton.run("simulate", "failures", options).assertFails(ExitCode.USAGE, says);
  }

  @Test
  void calibration_takesNoInputs() {
    run("--calibration")
        .assertFails(ExitCode.USAGE, "--calibration goes with --repeats, --seed and --threads");
  }

  @Test
  void calibration_setsTheModelBesideTheMeasurement() {
    Baton run =
        Baton.run("simulate", "failures", "--calibration", "--repeats=1").assertStatus(ExitCode.OK);

    assertThat(run.out()).contains("published", "model", "client-replay");
    assertThat(run.out().lines().filter(line -> line.contains("1024"))).hasSize(12);
  }
}
