package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The real {@code bin/baton} where little is set, or something odd. */
@ExtendWith(Leftovers.class)
class EnvironmentTest {

  private static final String LETTERS = "Grüße, 世界, мир, שלום, 🏃";

  @Test
  void baton_whereNothingIsSet_runs() {
    try (Launched run = Launched.plan().computingNothing().emptyEnvironment().run("--version")) {
      run.assertStatus(ExitCode.OK);
      assertThat(run.text()).startsWith("baton 0.");
      assertThat(run.errors()).isEmpty();
    }
  }

  /** The command does not exist, and is named in the message. */
  @ParameterizedTest
  @CsvSource({
    "LC_ALL,de_XX.UTF-8",
    "LANG,de_XX.UTF-8",
    "LC_CTYPE,UTF-8",
    "LC_ALL,C",
    "LC_ALL,POSIX",
    "LC_ALL,de_DE.ISO-8859-1",
    "LC_ALL,",
  })
  void arguments_inAnyLocale_areAndAreSaidAsTyped(String variable, String locale) {
    try (Launched run =
        Launched.plan()
            .computingNothing()
            .emptyEnvironment()
            .environment(variable, locale == null ? "" : locale)
            .run(LETTERS)) {
      run.assertFails(ExitCode.USAGE, "there is no command " + LETTERS + ";");
    }
  }

  @Test
  void prompt_inAForeignLocale_reachesTheModelAsTyped() {
    try (Launched run =
        Launched.plan()
            .environment("LC_ALL", "de_XX.UTF-8")
            .run(
                "demo",
                "--stages=1",
                "--kill=none",
                "--max-tokens=2",
                "--json",
                "--prompt=Añn,🏃")) {
      run.assertStatus(ExitCode.OK);
      assertThat(run.text()).contains("Añn,🏃");
    }
  }

  @Test
  void files_withOtherLettersInTheirNames_areFoundAndNamed(@TempDir Path directory)
      throws IOException {
    // Made by a program that knows of no encoding, as this JVM may be unable to.
    try (Launched run =
        Launched.plan()
            .computingNothing()
            .emptyEnvironment()
            .environment("LC_ALL", "C")
            .after("mkdir '%s'/$'M\\xc3\\xb6we'".formatted(directory))
            .run("demo", "--model=" + directory + "/Möwe")) {
      run.assertFails(ExitCode.MODEL, directory + "/Möwe", "config.json");
    } finally {
      try (Stream<Path> files = Files.walk(directory)) {
        files.skip(1).forEach(file -> file.toFile().delete());
      }
    }
  }

  @Test
  void argument_thatIsNotUtf8_isRefusedByItsNumber() {
    byte[] latin = "--prompt=Grüße".getBytes(StandardCharsets.ISO_8859_1);
    try (Launched run =
        Launched.plan()
            .computingNothing()
            .start(List.of("demo".getBytes(StandardCharsets.UTF_8), latin))
            .awaitEnd()) {
      run.assertFails(ExitCode.USAGE, "argument 2 is not UTF-8: '--prompt=Gr");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {20, 64, 80, 128, 255})
  void baton_withFewOpenFiles_saysTheLimit(int files) {
    for (List<String> command :
        List.of(
            List.of("--version"),
            List.of("demo"),
            List.of("relay", "--listen=127.0.0.1:0", "--socket=/tmp/never"),
            List.of("generate", "--peers=127.0.0.1:1", "--model=/none", "x"))) {
      try (Launched run =
          Launched.plan().after("ulimit -n " + files).run(command.toArray(String[]::new))) {
        run.assertFails(ExitCode.RESOURCES, "only %d files may be open".formatted(files), "256");
      }
    }
  }

  @Test
  void demo_withJustEnoughOpenFiles_runs() {
    try (Launched run =
        Launched.plan()
            .after("ulimit -n 256")
            .run("demo", "--json", "--kill=2@2", "--max-tokens=4")) {
      run.assertStatus(ExitCode.OK);
    }
  }

  @Test
  void demo_ofMoreRelaysThanFilesAllow_saysTheLimitBeforeItStarts() {
    try (Launched run =
        Launched.plan()
            .after("ulimit -n 256")
            .run("demo", "--json", "--stages=8", "--standby", "--max-tokens=4")) {
      run.assertFails(ExitCode.RESOURCES, "only 256 files may be open", "16 relays need 504");
    }
  }
}
