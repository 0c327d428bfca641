package io.baton.cli.demo;

import io.baton.cli.CommandException;
import io.baton.cli.ExitCode;
import io.baton.cli.Main;
import io.baton.cli.StageShare;
import io.baton.proto.codec.HostPort;
import io.baton.stages.ModelDirectory;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A relay and its executor in a process of their own: {@code baton serve}. It ends when this
 * process does, however that comes about, because its standard input ends then.
 */
final class ProcessStage implements RunningStage {

  private static final Duration START_TIMEOUT = Duration.ofSeconds(60);
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(15);

  private final String name;
  private final Process process;
  private final CompletableFuture<HostPort> address;

  private ProcessStage(String name, Process process) {
    this.name = name;
    this.process = process;
    this.address = new CompletableFuture<>();
    Thread.ofPlatform().daemon().name("baton-demo-" + name).start(this::readOutput);
  }

  /** Launches the process and returns at once; {@link #awaitReady} waits for it. */
  static ProcessStage launch(String name, ModelDirectory model, StageShare share)
      throws CommandException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(ProcessStage::isInherited)
        .forEach(command::add);
    command.addAll(List.of("-Xmx256m", "-XX:+UseSerialGC"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    command.addAll(
        List.of(
            "serve",
            "--model",
            model.path().toString(),
            "--stage",
            share.toString(),
            "--listen",
            "127.0.0.1:0",
            "--name",
            name,
            "--drain",
            "0",
            "--until-stdin-ends"));
    try {
      return new ProcessStage(
          name, new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
    } catch (IOException e) {
      throw new CommandException(
          ExitCode.PROCESS, "%s could not be started: %s".formatted(name, e.getMessage()), e);
    }
  }

  /** What a stage of the same build needs; memory and archives are each process's own affair. */
  private static boolean isInherited(String argument) {
    return !argument.startsWith("-Xmx")
        && !argument.startsWith("-agentlib")
        && !argument.startsWith("-javaagent")
        && !argument.contains("AutoCreateSharedArchive")
        && !argument.matches("-XX:\\+Use.*GC");
  }

  private void readOutput() {
    try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        @Nullable HostPort found = addressIn(line);
        if (found != null) {
          address.complete(found);
        }
      }
    } catch (IOException e) {
      // Killed while it was being read; the end of the process says the same.
    } finally {
      address.completeExceptionally(new IllegalStateException("it ended before it was ready"));
    }
  }

  private static @Nullable HostPort addressIn(String line) {
    int at = line.lastIndexOf(" at ");
    return at < 0 ? null : HostPort.parse(line.substring(at + " at ".length()).trim());
  }

  /**
   * Waits until the stage can be reached.
   *
   * @throws CommandException if it ends first, or takes longer than a minute
   */
  void awaitReady() throws CommandException, InterruptedException {
    try {
      address.get(START_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new CommandException(
          ExitCode.PROCESS,
          "%s could not be started: it ended before it was ready".formatted(name),
          e);
    } catch (TimeoutException e) {
      throw new CommandException(
          ExitCode.PROCESS, "%s was not ready within %s".formatted(name, START_TIMEOUT), e);
    }
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public HostPort address() {
    return address.join();
  }

  /** SIGKILL. */
  @Override
  public void kill() {
    process.destroyForcibly();
  }

  @Override
  public void close() {
    try {
      process.getOutputStream().close();
      if (!process.waitFor(STOP_TIMEOUT)) {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      process.destroyForcibly();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
