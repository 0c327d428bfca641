package io.baton.benchmarks;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Measures the lane ucx between two processes of one machine, with and without what relays do
 * around it, beside jucx with nothing around it and UCX's own measure. Rounds are interleaved, and
 * the table has their medians.
 */
@Command(name = "UcxBench", mixinStandardHelpOptions = true, sortOptions = false)
public final class UcxBench implements Callable<Integer> {

  private static final long BYTES_A_MEASUREMENT = 4L << 30;
  private static final int MOST_MESSAGES = 20_000;
  private static final int MOST_UNDER_WAY = 16;
  private static final int ROUND_TRIPS = 2_000;

  @Option(names = "--rounds", description = "Rounds of which the median is taken.")
  private int rounds = 5;

  @Option(names = "--warm-up", description = "Rounds before those, for the JVMs to compile.")
  private int warmUp = 5;

  @Option(
      names = "--under-way",
      description = "Bytes under way, of 16 messages at most, and always of one.")
  private int underWay = 4 << 20;

  @Option(names = "--sizes", split = ",", description = "Bytes of a body.")
  private List<Integer> sizes = List.of(8 << 10, 1 << 20, 16 << 20);

  @Option(names = "--transports", split = ";", description = "As UCX names them.")
  private List<String> transports = List.of("tcp,self", "posix,sysv,self");

  @Option(names = "--spin-micros", description = "How long the engine spins before it sleeps.")
  private int spinMicros = 20;

  @Option(names = "--idle-seconds", description = "How long to watch idle relays.")
  private int idleSeconds = 5;

  @Option(
      names = "--only",
      split = ",",
      description = "Of the contenders, such as jucx; the relays are always among them.")
  private List<String> only = List.of();

  @Option(
      names = "--patience",
      description = "Seconds to wait for a quiet machine before each measurement.")
  private int patience = 10;

  private final PrintStream out = System.out;

  public static void main(String[] arguments) {
    System.exit(new CommandLine(new UcxBench()).execute(arguments));
  }

  @Override
  public Integer call() throws IOException {
    QuietMachine quiet = new QuietMachine(Duration.ofSeconds(patience));
    for (String over : transports) {
      measure(over, quiet);
    }
    out.printf("%n%s%n", quiet);
    return 0;
  }

  private void measure(String over, QuietMachine quiet) throws IOException {
    Setup setup = Setup.over(over).spinning(spinMicros);
    try (TwoProcesses engine = TwoProcesses.start("engine", Nodes.ENGINE, setup);
        TwoProcesses relays = TwoProcesses.start("relays", Nodes.LINK, setup);
        Contender fetching = TwoProcesses.start("jucx", Nodes.BARE, setup);
        Contender eager = TwoProcesses.start("jucx eager", Nodes.BARE, setup.eager())) {
      List<Contender> references =
          List.of(
              fetching,
              eager,
              new Perftest("perftest", UcxEnvironment.over(over, "auto")),
              new Perftest("perftest eager", UcxEnvironment.over(over, "inf")));
      List<Contender> all = new ArrayList<>(references);
      all.add(engine);
      if (!only.isEmpty()) {
        all.removeIf(contender -> !only.contains(contender.name()));
      }
      all.add(relays);
      for (int size : sizes) {
        bandwidth(over, size, all, relays, quiet);
        roundTrips(over, size, all, relays, quiet);
      }
      idle(over, relays);
    }
  }

  private void bandwidth(
      String over, int size, List<Contender> all, Contender relays, QuietMachine quiet)
      throws IOException {
    int messages = Math.clamp(BYTES_A_MEASUREMENT / size, 1, MOST_MESSAGES);
    int window = Math.clamp(underWay / size, 1, MOST_UNDER_WAY);
    Workload workload = new Workload(size, messages, window);
    Map<Contender, List<Double>> measured = new LinkedHashMap<>();
    for (int round = -warmUp; round < rounds; round++) {
      for (Contender contender : all) {
        quiet.await();
        double bandwidth = contender.bandwidth(workload);
        if (round >= 0) {
          add(measured, contender, bandwidth);
        }
      }
    }
    table(
        String.format(
            Locale.ROOT, "%s, %d bytes, %d under way: bandwidth in GB/s", over, size, window),
        measured,
        relays,
        value -> value / 1e9,
        true);
  }

  private void roundTrips(
      String over, int size, List<Contender> all, Contender relays, QuietMachine quiet)
      throws IOException {
    int messages = Math.clamp(BYTES_A_MEASUREMENT / 8 / size, 10, ROUND_TRIPS);
    Workload workload = new Workload(size, messages, 1);
    Map<Contender, List<Double>> p50 = new LinkedHashMap<>();
    Map<Contender, List<Double>> p99 = new LinkedHashMap<>();
    for (int round = -warmUp; round < rounds; round++) {
      for (Contender contender : all) {
        quiet.await();
        RoundTrip result = contender.roundTrip(workload);
        if (round >= 0) {
          add(p50, contender, result.p50Nanos());
          add(p99, contender, result.p99Nanos());
        }
      }
    }
    String title = String.format(Locale.ROOT, "%s, %d bytes: round trip in µs", over, size);
    table(title + ", p50", p50, relays, value -> value / 1e3, false);
    table(title + ", p99", p99, relays, value -> value / 1e3, false);
  }

  private void idle(String over, TwoProcesses relays) throws IOException {
    double before = relays.cpuSeconds();
    try {
      TimeUnit.SECONDS.sleep(idleSeconds);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    double share = (relays.cpuSeconds() - before) / idleSeconds / 2;
    out.printf(Locale.ROOT, "%n%s: an idle process uses %.2f %% of a core%n", over, share * 100);
  }

  private void table(
      String title,
      Map<Contender, List<Double>> measured,
      Contender relays,
      ToDoubleFunction<Double> unit,
      boolean moreIsBetter) {
    out.printf(Locale.ROOT, "%n%s%n", title);
    double own = median(measured.getOrDefault(relays, List.of()));
    measured.forEach(
        (contender, values) -> {
          double median = median(values);
          double ratio = moreIsBetter ? own / median : median / own;
          out.printf(
              Locale.ROOT,
              "  %-16s %9.2f   relays: %5.2f of it   %s%n",
              contender.name(),
              unit.applyAsDouble(median),
              ratio,
              values.stream()
                  .map(value -> String.format(Locale.ROOT, "%.2f", unit.applyAsDouble(value)))
                  .toList());
        });
  }

  private static void add(
      Map<Contender, List<Double>> measured, Contender contender, double value) {
    measured.computeIfAbsent(contender, ignored -> new ArrayList<>()).add(value);
  }

  private static double median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).toArray();
    Arrays.sort(sorted);
    return sorted.length == 0 ? Double.NaN : sorted[sorted.length / 2];
  }
}
