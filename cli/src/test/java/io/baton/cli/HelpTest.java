package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HelpTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "demo;--stages --kill --prompt --prompt-file --processes --hop-latency --no-push --standby --json"
            + " --max-tokens --model --scenario --failure-rate --seed --compare",
        "simulate scenario;FILE --seed --json",
        "serve;--model --stage --listen --drain --insecure --pool-size --lanes --push-share"
            + " --client-share --session-idle --session-memory",
        "relay;--listen --socket --drain --insecure --pool-size --lanes --push-share --client-share"
            + " --session-idle",
        "stage;--relay --model --stage",
        "generate;--model --peers --max-tokens --no-push --standby --prompt-file PROMPT",
        "status;PEER --watch --json",
        "simulate swarm;--seeds --seed --trace --threads --json",
        "simulate scale;--relays --sessions --churn --standby --json",
        "bench hop;--apart --lane --size --in-flight --rounds --seconds --warm-up --json --verify uds grpc ucx jucx",
        "bench sidecar;--relays --lane --size --in-flight --rounds --seconds --warm-up --json uds grpc",
        "bench pushes;--lane --size --in-flight --beside --json uds grpc ucx jucx",
        "bench relays;--lane --size --in-flight --transports --json uds grpc ucx jucx",
        "bench ids;--ids --every --id-bytes --in-flight --heap --json",
        "simulate failures;--inputs --stages --failure-rate --strategy --calibration --html"
      })
  void help_ofEachCommand_namesItsOptionsAndTheExitStatuses(String command, String options) {
    Baton run = Baton.run((command + " --help").split(" ")).assertStatus(ExitCode.OK);

    assertThat(run.out()).contains("Usage: baton " + command).contains(options.split(" "));
    assertThat(run.out()).contains("--help", "--version", "--debug", "Exit status:");
    assertThat(run.out()).doesNotContain("--until-stdin-ends").doesNotContain("\u001b");
    assertThat(run.err()).isEmpty();
  }

  @Test
  void help_ofAll_namesTheCommands() {
    Baton run = Baton.run("--help").assertStatus(ExitCode.OK);

    assertThat(run.out())
        .contains(
            "demo",
            "serve",
            "relay",
            "stage",
            "generate",
            "status",
            "simulate",
            "bench",
            "Exit status:");
  }

  @Test
  void help_exitStatuses_areAllThatThereAre() {
    List<String> documented =
        Baton.run("--help")
            .out()
            .lines()
            .dropWhile(line -> !line.equals("Exit status:"))
            .map(String::strip)
            .filter(line -> line.matches("\\d+ .*"))
            .map(line -> line.split(" ", 2)[0])
            .toList();

    List<String> constants =
        Arrays.stream(ExitCode.class.getFields())
            .filter(field -> Modifier.isStatic(field.getModifiers()))
            .map(HelpTest::valueOf)
            .toList();
    assertThat(documented).containsAll(constants).contains("143").doesNotHaveDuplicates();
  }

  private static String valueOf(java.lang.reflect.Field field) {
    try {
      return String.valueOf(field.get(null));
    } catch (IllegalAccessException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void version_isOneLine() {
    Baton run = Baton.run("--version").assertStatus(ExitCode.OK);

    assertThat(run.out().lines()).hasSize(1);
    assertThat(run.out()).startsWith("baton 0.");
  }
}
