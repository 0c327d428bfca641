package io.baton.cli.demo;

import io.baton.cli.CommandException;
import io.baton.cli.ExitCode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Stops processes with SIGSTOP and lets them go on with SIGCONT. What lets them go on is a process
 * of its own: a stopped one must not stay behind for ever if this one is killed in between.
 */
final class Pauses implements AutoCloseable {

  private final List<Process> underWay = new CopyOnWriteArrayList<>();

  /** Returns when the process has been told to stop. */
  void pause(String name, long pid, Duration length) throws CommandException, InterruptedException {
    run(name, "kill -STOP %d".formatted(pid));
    underWay.add(
        start(
            name,
            String.format(Locale.ROOT, "sleep %.3f; kill -CONT %d", length.toNanos() / 1e9, pid)));
  }

  private static void run(String name, String script)
      throws CommandException, InterruptedException {
    if (start(name, script).waitFor() != 0) {
      throw new CommandException(ExitCode.PROCESS, "%s cannot be paused".formatted(name));
    }
  }

  private static Process start(String name, String script) throws CommandException {
    try {
      return new ProcessBuilder("/bin/sh", "-c", script)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start();
    } catch (IOException e) {
      throw new CommandException(
          ExitCode.PROCESS, "%s cannot be paused: %s".formatted(name, e.getMessage()), e);
    }
  }

  /** Lets a process go on, so that it can end. */
  static void resume(long pid) {
    try {
      run("a process", "kill -CONT %d 2> /dev/null || true".formatted(pid));
    } catch (CommandException e) {
      // It is killed then.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Those that were to let others go on are not needed when those are ended. */
  @Override
  public void close() {
    for (Process process : underWay) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }
}
