package io.baton.benchmarks;

import io.baton.benchmarks.node.Workload;
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
 * UCX's own measure, {@code ucx_perftest}, in the mode that notices a peer's death: {@code
 * ucp_am_lat} for the time of one message, which it tells only of one at a time, and {@code
 * ucp_am_bw} for the rate. It polls, and does not copy what comes along with a message out of UCX's
 * buffers.
 */
final class Perftest implements Contender {

  private static final String PROGRAM = "ucx_perftest";
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final Duration PAUSE = Duration.ofMillis(20);

  /** It runs for a number of messages, and not for a time: about as many as it can send. */
  private static final double BYTES_A_SECOND = 1L << 31;

  private static final double MESSAGES_A_SECOND = 100_000;
  private static final double ROUND_TRIPS_A_SECOND = 10_000;
  private static final int FEWEST = 20;

  private static final int P50 = 1;
  private static final int MEGABYTES_A_SECOND = 4;
  private static final double MIB = 1 << 20;

  private final Processes processes;
  private final Map<String, String> environment;

  /**
   * Makes sure that there is such a program.
   *
   * @throws BenchException if there is none
   */
  Perftest(Processes processes, Map<String, String> environment)
      throws BenchException, InterruptedException {
    this.processes = processes;
    this.environment = environment;
    var _ = output(processes.start(List.of(PROGRAM, "-h"), environment), PATIENCE);
  }

  @Override
  public Measured measure(Workload workload, Duration time)
      throws BenchException, InterruptedException {
    double p50 = Double.NaN;
    double p99 = Double.NaN;
    if (workload.inFlight() == 1) {
      int trips = messages(workload, time, ROUND_TRIPS_A_SECOND);
      p50 = run(workload, trips, time, "-t", "ucp_am_lat", "-R", "50")[P50];
      p99 = run(workload, trips, time, "-t", "ucp_am_lat", "-R", "99")[P50];
    }
    double bandwidth =
        run(
            workload,
            messages(workload, time, MESSAGES_A_SECOND),
            time,
            "-t",
            "ucp_am_bw",
            "-O",
            Integer.toString(workload.inFlight()))[MEGABYTES_A_SECOND];
    return new Measured(
        p50, p99, bandwidth * MIB / workload.bytes(), Double.NaN, Double.NaN, Double.NaN);
  }

  private static int messages(Workload workload, Duration time, double aSecond) {
    double seconds = time.toNanos() / 1e9;
    double fitting = Math.min(aSecond, BYTES_A_SECOND / workload.bytes());
    return Math.max(FEWEST, (int) (fitting * seconds));
  }

  /** The numbers of the last line; the server takes a moment until it listens. */
  private double[] run(Workload workload, int messages, Duration time, String... test)
      throws BenchException, InterruptedException {
    String port = freePort();
    Process server = processes.start(List.of(PROGRAM, "-p", port), environment);
    try {
      List<String> command = new ArrayList<>(List.of(PROGRAM, "127.0.0.1", "-p", port, "-e", "-f"));
      command.addAll(List.of("-s", Integer.toString(workload.bytes())));
      command.addAll(List.of("-n", Integer.toString(messages)));
      command.addAll(List.of("-w", Integer.toString(Math.max(1, messages / 10))));
      command.addAll(Arrays.asList(test));
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      while (true) {
        // What it is asked for takes as long as it takes.
        String output =
            output(processes.start(command, environment), time.multipliedBy(20).plus(PATIENCE));
        String last = output.strip().lines().reduce("", (before, line) -> line).strip();
        if (last.matches("[0-9. ]+")) {
          return Arrays.stream(last.split(" +", -1)).mapToDouble(Double::parseDouble).toArray();
        }
        if (System.nanoTime() - deadline > 0) {
          throw processes.failure("%s says %s".formatted(PROGRAM, last));
        }
        LockSupport.parkNanos(PAUSE.toNanos());
      }
    } finally {
      processes.stop(List.of(server));
    }
  }

  /** All that it writes until it ends, which it is made to when that takes too long. */
  private String output(Process process, Duration patience)
      throws BenchException, InterruptedException {
    var ending = process.onExit().orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS);
    var _ =
        ending.exceptionally(
            _ -> {
              process.destroyForcibly();
              return process;
            });
    try {
      return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw processes.failure("%s was ended: %s".formatted(PROGRAM, e.getMessage()));
    }
  }

  private String freePort() throws BenchException, InterruptedException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return Integer.toString(socket.getLocalPort());
    } catch (IOException e) {
      throw processes.failure("there is no free port: " + e.getMessage());
    }
  }
}
