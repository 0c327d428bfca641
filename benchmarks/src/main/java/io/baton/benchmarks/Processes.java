package io.baton.benchmarks;

import io.baton.benchmarks.BenchException.Reason;
import io.baton.benchmarks.node.NodeMain;
import io.baton.benchmarks.node.Settings;
import io.baton.transport.CopiedBytes;
import io.baton.transport.pinned.PinnedPool;
import io.baton.transport.pinned.PoolConfig;
import io.baton.transport.pinned.PoolException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All processes that a benchmark starts, and the directory of their files. When it is closed, or
 * this process is told to end, they end, and nothing of them is left.
 */
public final class Processes implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Processes.class);
  private static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);

  private final Launcher launcher;
  private final Path directory;
  private final List<Process> running = new ArrayList<>();
  private final List<Path> sharedFiles = new ArrayList<>();
  private final AtomicInteger sockets = new AtomicInteger();
  private final Thread hook = Thread.ofPlatform().name("baton-bench-stop").unstarted(this::abandon);
  private volatile boolean abandoned;
  private boolean closed;

  private Processes(Launcher launcher, Path directory) {
    this.launcher = launcher;
    this.directory = directory;
  }

  /**
   * None yet.
   *
   * @throws BenchException if there is no place for their files
   */
  public static Processes open(Launcher launcher) throws BenchException {
    try {
      Processes processes = new Processes(launcher, Files.createTempDirectory("baton-bench"));
      Runtime.getRuntime().addShutdownHook(processes.hook);
      return processes;
    } catch (IOException e) {
      throw new BenchException(
          Reason.NOT_AVAILABLE, "no directory could be made for sockets: " + e, e);
    }
  }

  /** A place for a socket. */
  Path socket() {
    return directory.resolve(sockets.incrementAndGet() + ".sock");
  }

  /** A place for memory that two processes share; they remove it when both have it. */
  Path sharedFile() {
    Path file =
        PoolConfig.DEFAULT_DIRECTORY.resolve(
            "%s-%d".formatted(directory.getFileName(), sockets.incrementAndGet()));
    synchronized (running) {
      sharedFiles.add(file);
    }
    return file;
  }

  /**
   * Starts a node, and waits until it is there.
   *
   * @param heap as in {@code -Xmx}
   */
  Child start(Settings settings, String heap, Map<String, String> environment)
      throws BenchException, InterruptedException {
    List<String> command =
        launcher.command(
            NodeMain.class,
            List.of(
                "-Xmx" + heap,
                "-XX:-UsePerfData",
                "-Djava.io.tmpdir=" + directory,
                "-D" + NodeMain.DIRECTORY + "=" + directory,
                "-D" + NodeMain.PARENT + "=" + ProcessHandle.current().pid(),
                "-D" + CopiedBytes.PROPERTY + "=true"),
            settings.toArguments());
    Child child = new Child(this, settings.kind().toString(), start(command, environment));
    child.awaitReady();
    return child;
  }

  /**
   * Starts any process, with both outputs in one.
   *
   * @param environment in which variables stand that are not in this one's
   */
  Process start(List<String> command, Map<String, String> environment) throws BenchException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    environment.forEach((name, value) -> builder.environment().putIfAbsent(name, value));
    synchronized (running) {
      if (closed) {
        throw new BenchException(Reason.PROCESS, "the benchmark is being ended");
      }
      try {
        running.removeIf(process -> !process.isAlive() && process.exitValue() == 0);
        Process process = builder.start();
        running.add(process);
        return process;
      } catch (IOException e) {
        throw new BenchException(
            Reason.PROCESS,
            "%s could not be started: %s".formatted(command.getFirst(), e.getMessage()),
            e);
      }
    }
  }

  /**
   * What a process's failure is to this one: if this one is told to end, none, and there is nothing
   * to wait for but the end.
   */
  BenchException failure(String message) throws InterruptedException {
    if (abandoned) {
      new CountDownLatch(1).await();
    }
    return new BenchException(Reason.PROCESS, message);
  }

  private void abandon() {
    abandoned = true;
    end();
  }

  /** Ends those that run, all at the same time. */
  void stop(List<Process> some) {
    some.forEach(Processes::hangUp);
    long deadline = System.nanoTime() + STOP_TIMEOUT.toNanos();
    for (Process process : some) {
      try {
        if (!process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
          process.destroyForcibly().waitFor();
        }
      } catch (InterruptedException e) {
        process.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
    if (some.stream().anyMatch(process -> process.isAlive() || process.exitValue() != 0)) {
      removePools();
    }
  }

  /** A node ends with its input; others know no better than to be told. */
  private static void hangUp(Process process) {
    try {
      process.getOutputStream().close();
    } catch (IOException e) {
      process.destroy();
    }
    if (!process.info().command().orElse("").endsWith("java")) {
      process.destroy();
    }
  }

  private static void removePools() {
    try {
      PinnedPool.removeOrphans(PoolConfig.DEFAULT_DIRECTORY);
    } catch (PoolException e) {
      log.warn("nothing could be removed of what was left: {}", e.getMessage());
    }
  }

  private void end() {
    List<Process> all;
    synchronized (running) {
      closed = true;
      all = List.copyOf(running);
      running.clear();
    }
    stop(all);
    NodeMain.remove(directory);
    sharedFiles.forEach(NodeMain::remove);
  }

  @Override
  public void close() {
    end();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // It is running, and does the same.
    }
  }
}
