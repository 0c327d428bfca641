package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What a container gives a command: 64 MiB of shared memory, and a temporary directory from which
 * nothing can be executed, both of its own. What is left there in the end is written down.
 */
final class SmallHost {

  private static final String SCRIPT =
      """
      mount -t tmpfs -o size=64m none /dev/shm && mount -t tmpfs -o noexec none "$0/tmp" || exit 99
      "$@"
      status=$?
      ls -A /dev/shm "$0/tmp" > "$0/left"
      exit $status
      """;

  private final Path directory;

  /** Needs a directory of the test's own, and the right to mount. */
  SmallHost(Path directory) throws IOException, InterruptedException {
    this.directory = directory;
    Files.createDirectory(directory.resolve("tmp"));
    Process trial =
        new ProcessBuilder("unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt").start();
    assumeTrue(
        trial.waitFor(10, TimeUnit.SECONDS) && trial.exitValue() == 0,
        "this user may not mount a file system");
  }

  Launched.Plan plan() {
    return Launched.plan()
        .through("unshare", "-m", "bash", "-c", SCRIPT, directory.toString())
        .javaOptions("-Djava.io.tmpdir=" + directory.resolve("tmp"));
  }

  void assertNothingIsLeft() throws IOException {
    List<String> left =
        Files.readAllLines(directory.resolve("left")).stream()
            .filter(line -> !line.isEmpty() && !line.endsWith(":"))
            .toList();
    assertThat(left).isEmpty();
  }
}
