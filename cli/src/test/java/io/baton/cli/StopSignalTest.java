package io.baton.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A process that does not take its leave, since something in it cannot be interrupted. */
@ExtendWith(Leftovers.class)
class StopSignalTest {

  private static final Duration PATIENCE = Duration.ofSeconds(1);
  private static final long DEADLINE_SECONDS = 60;

  /** Makes a pool, says so, and then computes for ever. */
  static final class Stuck {
    @SuppressWarnings("InfiniteLoopNeverBreaks")
    public static void main(String[] arguments) throws Exception {
      StopSignal _ = StopSignal.listen(true, PATIENCE);
      PoolConfig config = PoolConfig.of("stuck", 1 << 20).withDirectory(Path.of(arguments[0]));
      PinnedPool pool = PinnedPool.create(config);
      System.out.println(pool.path());
      while (pool.size() > 0) {
        Thread.onSpinWait();
      }
    }
  }

  @TempDir private Path directory;
  private Process stuck;

  @AfterEach
  void kill() {
    stuck.destroyForcibly();
  }

  @BeforeEach
  void start() throws IOException {
    List<String> command = JavaCommand.ofThisBuild(List.of("-Xmx64m"), directory.toString());
    command.set(command.indexOf(Main.class.getName()), Stuck.class.getName());
    stuck = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    assertThat(stuck.inputReader().readLine()).startsWith(directory.toString());
  }

  private void assertEnds(int status) throws IOException, InterruptedException {
    assertThat(stuck.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)).isTrue();
    assertThat(stuck.exitValue()).isEqualTo(status);
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).isEmpty();
    }
  }

  @Test
  void signal_whileSomethingCannotBeInterrupted_endsTheProcessAndItsPool() throws Exception {
    stuck.toHandle().destroy();

    assertEnds(143);
  }

  @Test
  void endOfInput_whileSomethingCannotBeInterrupted_endsTheProcessAndItsPool() throws Exception {
    stuck.getOutputStream().close();

    assertEnds(ExitCode.INTERRUPTED);
  }
}
