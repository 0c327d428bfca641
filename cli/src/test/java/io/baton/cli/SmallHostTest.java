package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The real {@code bin/baton} with as little as a container gives, and what it leaves there. */
@ExtendWith(Leftovers.class)
class SmallHostTest {

  @TempDir private Path directory;
  private SmallHost host;

  @BeforeEach
  void make() throws IOException, InterruptedException {
    host = new SmallHost(directory);
  }

  @Test
  void demo_inOneProcess_runsAndLeavesNothing() throws IOException {
    try (Launched run = host.plan().run("demo", "--json", "--kill=2@2", "--max-tokens=4")) {
      run.assertStatus(ExitCode.OK);
      assertThat(run.errors()).isEmpty();
    }
    host.assertNothingIsLeft();
  }

  @Test
  void demo_ofProcessesThatAreKilled_runsAndLeavesNothing() throws IOException {
    try (Launched run =
        host.plan()
            .run(
                "demo",
                "--processes",
                "--json",
                "--stages=2",
                "--kill=1@1",
                "--kill=2@2",
                "--max-tokens=4")) {
      run.assertStatus(ExitCode.OK);
    }
    host.assertNothingIsLeft();
  }

  @ParameterizedTest
  @CsvSource({"TERM,143", "INT,130"})
  void demo_ofProcesses_toldToStop_leavesNothing(String signal, int status) throws IOException {
    try (Launched run =
        host.plan().start("demo", "--processes", "--stages=2", "--kill=none", "--max-tokens=900")) {
      run.awaitText("Relay: ");
      assertThat(run.javas()).hasSize(3);
      run.signal(signal).awaitEnd().assertStatus(status);
    }
    host.assertNothingIsLeft();
  }

  @Test
  void demo_inOneProcess_toldToStop_leavesNothing() throws IOException {
    try (Launched run = host.plan().start("demo", "--kill=none", "--max-tokens=900")) {
      run.awaitText("Relay: ").signal("TERM").awaitEnd().assertStatus(143);
    }
    host.assertNothingIsLeft();
  }

  @Test
  void relay_whoseSocketNeedsNoLibrary_runsAndLeavesNothing() throws IOException {
    Path socket = directory.resolve("s");
    try (Launched relay =
        host.plan().start("relay", "--listen=127.0.0.1:0", "--socket=" + socket)) {
      relay.awaitText("waits for a stage executor at unix:" + socket);
      relay.signal("TERM").awaitEnd().assertStatus(143);
      assertThat(socket).doesNotExist();
    }
    host.assertNothingIsLeft();
  }

  @Test
  void relay_poolForWhichThereIsNoRoom_saysWhatCanBeDone() throws IOException {
    try (Launched relay =
        host.plan()
            .run(
                "relay",
                "--listen=127.0.0.1:0",
                "--socket=" + directory.resolve("s"),
                "--pool-size=65MiB")) {
      relay.assertFails(
          ExitCode.RESOURCES,
          "a pool of 65 MiB does not fit into /dev/shm, which has 64 MiB",
          "--shm-size",
          "choose a smaller --pool-size");
    }
    host.assertNothingIsLeft();
  }

  @Test
  void demo_forWhichThereIsNoRoom_namesNoOptionThatItLacks() throws IOException {
    try (Launched run =
        host.plan()
            .through(
                "bash",
                "-c",
                "head -c 62M /dev/zero > /dev/shm/full; \"$@\"; s=$?; rm /dev/shm/full; exit $s",
                "-")
            .run("demo", "--json", "--max-tokens=4")) {
      run.assertFails(
          ExitCode.RESOURCES, "a pool of 5 MiB does not fit into /dev/shm", "--shm-size");
      assertThat(run.errors()).doesNotContain("--pool-size");
    }
    host.assertNothingIsLeft();
  }
}
