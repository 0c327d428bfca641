package io.baton.cli.demo;

import io.baton.cli.CommandException;
import io.baton.cli.ExitCode;
import io.baton.cli.JavaCommand;
import io.baton.cli.StageShare;
import io.baton.proto.codec.HostPort;
import io.baton.stages.ModelDirectory;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A relay and its executor in a process of their own: {@code baton serve}. It ends when this
 * process does, however that comes about, because its standard input ends then.
 */
final class ProcessStage implements RunningStage {

  private static final Duration START_TIMEOUT = Duration.ofMinutes(3);
  private static final Logger LOG = LoggerFactory.getLogger(ProcessStage.class);
  private static final Duration KILL_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(15);
  private static final String MEMORY = "-Xmx256m";

  private final String name;
  private final Process process;
  private final PrintWriter log;
  private final CompletableFuture<HostPort> address = new CompletableFuture<>();
  private volatile String lastWords = "nothing";

  private ProcessStage(String name, Process process, PrintWriter log) {
    this.name = name;
    this.process = process;
    this.log = log;
    Thread.ofPlatform().daemon().name("baton-demo-" + name).start(this::readOutput);
  }

  /**
   * Starts the process and returns at once.
   *
   * @param listen where; port 0 takes a free one
   * @param poolBytes of its relay's pool
   * @param log for what the process has to say
   */
  static ProcessStage launch(
      String name,
      ModelDirectory model,
      StageShare share,
      HostPort listen,
      long poolBytes,
      PrintWriter log)
      throws CommandException {
    List<String> command =
        JavaCommand.ofThisBuild(
            List.of(MEMORY),
            "serve",
            "--model",
            model.path().toString(),
            "--stage",
            share.toString(),
            "--listen",
            listen.toString(),
            "--name",
            name,
            "--pool-size",
            Long.toString(poolBytes),
            "--drain",
            "0",
            "--until-stdin-ends");
    try {
      return new ProcessStage(
          name, new ProcessBuilder(command).redirectErrorStream(true).start(), log);
    } catch (IOException e) {
      throw new CommandException(
          ExitCode.PROCESS, "%s could not be started: %s".formatted(name, e.getMessage()), e);
    }
  }

  private void readOutput() {
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        if (line.startsWith(name + " serves ")) {
          address.complete(HostPort.parse(line.substring(line.lastIndexOf(' ') + 1)));
        } else if (address.isDone()) {
          log.println(name + ": " + line);
        } else {
          lastWords = line;
        }
      }
    } catch (IOException e) {
      // Killed while it was being read; the end of the process says the same.
    } finally {
      address.completeExceptionally(new IOException("the end of its output"));
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public HostPort awaitReady() throws CommandException, InterruptedException {
    try {
      return address.get(START_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new CommandException(
          ExitCode.PROCESS,
          "%s ended before it was ready; the last that it said: %s".formatted(name, lastWords),
          e);
    } catch (TimeoutException e) {
      throw new CommandException(
          ExitCode.PROCESS,
          "%s was not ready within %d s".formatted(name, START_TIMEOUT.toSeconds()),
          e);
    }
  }

  long pid() {
    return process.pid();
  }

  /** Undoes a SIGSTOP. */
  void resume() {
    if (process.isAlive()) {
      Pauses.resume(process.pid());
    }
  }

  /** SIGKILL; what the process leaves behind is removed. */
  @Override
  public void kill() {
    process.destroyForcibly();
    try {
      if (process.waitFor(KILL_TIMEOUT)) {
        PinnedPool.removeOrphans(PoolConfig.DEFAULT_DIRECTORY);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (PoolException e) {
      LOG.warn("nothing could be removed of what {} left: {}", name, e.getMessage());
    }
  }

  @Override
  public void abandon() {
    kill();
  }

  @Override
  public void stop() {
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      kill();
    }
  }

  @Override
  public void close() {
    stop();
    try {
      if (!process.waitFor(STOP_TIMEOUT)) {
        kill();
      }
    } catch (InterruptedException e) {
      kill();
      Thread.currentThread().interrupt();
    }
  }
}
