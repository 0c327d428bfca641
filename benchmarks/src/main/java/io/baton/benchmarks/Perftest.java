package io.baton.benchmarks;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * UCX's own measure, {@code ucx_perftest}, in the mode that notices a peer's death. It does not
 * copy what comes along with a message out of UCX's buffers.
 */
final class Perftest implements Contender {

  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration PAUSE = Duration.ofMillis(20);
  private static final double MIB = 1 << 20;

  private final String name;
  private final Map<String, String> environment;

  Perftest(String name, Map<String, String> environment) {
    this.name = name;
    this.environment = environment;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public double bandwidth(Workload workload) throws IOException {
    return run(workload, "-t", "ucp_am_bw", "-O", Integer.toString(workload.window()))[4] * MIB;
  }

  @Override
  public RoundTrip roundTrip(Workload workload) throws IOException {
    // It says how long one way takes, in microseconds.
    double p50 = run(workload, "-t", "ucp_am_lat", "-R", "50")[1] * 2000;
    double p99 = run(workload, "-t", "ucp_am_lat", "-R", "99")[1] * 2000;
    return new RoundTrip(p50, p99);
  }

  @Override
  public void close() {}

  private double[] run(Workload workload, String... test) throws IOException {
    String port = Integer.toString(freePort());
    Process server = start(Side.THERE, List.of("ucx_perftest", "-p", port));
    try {
      List<String> command =
          new ArrayList<>(List.of("ucx_perftest", "127.0.0.1", "-p", port, "-e", "-f"));
      command.addAll(List.of("-s", Integer.toString(workload.bytes())));
      command.addAll(List.of("-n", Integer.toString(workload.messages())));
      command.addAll(List.of("-w", Integer.toString(Math.max(1, workload.messages() / 10))));
      command.addAll(Arrays.asList(test));
      return lastLine(command);
    } finally {
      end(server);
    }
  }

  /** The numbers of the last line; the server takes a moment until it listens. */
  private double[] lastLine(List<String> command) throws IOException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      Process client = start(Side.HERE, command);
      String output = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      end(client);
      String last = output.strip().lines().reduce("", (before, line) -> line).strip();
      if (last.matches("[0-9. ]+")) {
        return Arrays.stream(last.split(" +", -1)).mapToDouble(Double::parseDouble).toArray();
      }
      if (System.nanoTime() - deadline > 0) {
        throw new IOException("ucx_perftest says " + output);
      }
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private Process start(Side side, List<String> command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(side.pinned(command)).redirectErrorStream(true);
    builder.environment().putAll(environment);
    return builder.start();
  }

  private static void end(Process process) {
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
