package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The real {@code bin/baton} where nobody reads what it writes, or it cannot be written. */
@ExtendWith(Leftovers.class)
class StandardOutputTest {

  private static final String MODEL = Baton.model().toString();
  private static final String PROMPT = "Relay: Ana, Ben, Chi, Dov, Eli.\n";

  /** Of some 220 that the story has. */
  private static final int FEW = 40;

  private static final Duration DEADLINE = Duration.ofSeconds(30);

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "| head -c 1; 141; ''",
        "> /dev/full; 74; baton: standard output cannot be written: No space left on device",
        ">&-; 74; baton: standard output cannot be written",
      })
  void generate_cannotWrite_stopsAtTheNextToken_andClosesItsSession(
      String output, int status, String says) {
    try (Running server = server()) {
      try (Launched client =
          Launched.plan()
              .output(output)
              .run("generate", "--model", MODEL, "--peers", server.address(), PROMPT)) {
        client.assertStatus(status);
        assertThat(client.errors().strip()).startsWith(says);
        assertThat(client.errors().strip().lines()).hasSizeLessThanOrEqualTo(1);
      }
      await().atMost(DEADLINE).until(() -> sessions(server).get("open").asInt() == 0);
      assertThat(sessions(server).get("steps").asInt()).isBetween(1, FEW);
    }
  }

  private static Running server() {
    Running server =
        new Running("serve", "--model", MODEL, "--stage=1/1", "--listen=127.0.0.1:0")
            .awaitOutput(" at 127.0.0.1:");
    // What has just begun may take longer to answer than a client waits.
    await()
        .atMost(DEADLINE)
        .until(() -> Baton.run("status", server.address()).status() == ExitCode.OK);
    return server;
  }

  private static JsonNode sessions(Running server) {
    return Baton.run("status", server.address(), "--json")
        .assertStatus(ExitCode.OK)
        .json()
        .get("sessions");
  }

  @Test
  void statusWatch_readerHasGone_ends() {
    try (Running server = server();
        Launched watch =
            Launched.plan()
                .output("| head -n 1")
                .run("status", server.address(), "--watch=100ms", "--json")) {
      watch.assertStatus(ExitCode.READER_GONE);
      assertThat(watch.text().lines()).hasSize(1);
      assertThat(watch.errors()).isEmpty();
    }
  }

  /** The first file that such a process opened would be its standard output. */
  @Test
  void relay_standardOutputClosed_endsAndLeavesNothing(@TempDir Path directory) {
    Path socket = directory.resolve("s");
    try (Launched relay =
        Launched.plan()
            .output(">&-")
            .run("relay", "--listen=127.0.0.1:0", "--name=unheard", "--socket=" + socket)) {
      relay.assertFails(ExitCode.CANNOT_WRITE, "standard output cannot be written");
      assertThat(socket).doesNotExist();
      assertThat(Path.of("/dev/shm").toFile().list((_, name) -> name.startsWith("baton-unheard-")))
          .isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"2>&-", "2> /dev/full", "<&-", "<&- 2>&-"})
  void demo_nobodyReadsStandardError_isAsEver(String output) {
    String seed = "--seed=" + System.nanoTime();
    try (Launched demo =
        Launched.plan()
            .output(output)
            .run("demo", "-v", "--stages=2", "--kill=2@2", "--max-tokens=6", "--json", seed)) {
      demo.assertStatus(ExitCode.OK);
      assertThat(demo.text()).startsWith("{\"text\":\"Relay: Ana");
      // What passes standard error on must not go on for ever, reading what it has written.
      await().atMost(DEADLINE).until(() -> processesWith(seed).isEmpty());
    }
  }

  private static List<ProcessHandle> processesWith(String argument) {
    return ProcessHandle.allProcesses()
        .filter(process -> process.info().commandLine().orElse("").contains(argument))
        .toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"--html", "--json", "--csv"})
  void simulateFailures_diskIsFull_saysSo(String option) {
    try (Launched run =
        Launched.plan()
            .run(
                "simulate",
                "failures",
                "--tokens=4",
                "--repeats=1",
                "--strategy=push-replay",
                option + "=/dev/full")) {
      run.assertStatus(ExitCode.CANNOT_WRITE);
      assertThat(run.errors())
          .isEqualTo("baton: /dev/full cannot be written: No space left on device\n");
    }
  }

  @Test
  void simulateFailures_directoryThatCannotBeWrittenTo_refusedBeforeItRuns(@TempDir Path directory)
      throws IOException {
    Path closed = Files.createDirectory(directory.resolve("closed"));
    Path page = closed.resolve("page.html");
    assertThat(closed.toFile().setWritable(false)).isTrue();
    try (Launched run =
        Launched.plan()
            // Else root may write everywhere.
            .through("setpriv", "--bounding-set=-all", "--inh-caps=-all")
            .run("simulate", "failures", "--html=" + page)) {
      run.assertFails(ExitCode.USAGE, page + " cannot be written");
    }
  }
}
