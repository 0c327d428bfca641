package io.baton.benchmarks;

import io.baton.transport.lane.LaneKind;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/**
 * Measures how long a tensor that is already written takes to a process of the same host, small
 * ones and large ones in turn, and what relays cost that have nothing to do.
 */
@Command(
    name = "LocalLaneBench",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "From the sending of a tensor that is already written to its having been received, by "
            + "sizes, in one process.")
public final class LocalLaneBench implements Callable<Integer> {

  private static final long MIB = 1L << 20;

  @Option(
      names = "--rounds",
      description = "Of which the median is taken.",
      showDefaultValue = Visibility.ALWAYS)
  private int rounds = 500;

  @Option(
      names = "--warm-up",
      description = "Rounds before that.",
      showDefaultValue = Visibility.ALWAYS)
  private int warmUp = 1000;

  @Option(
      names = "--sizes",
      split = ",",
      description = "Bytes of a tensor; others are compared with the first.",
      showDefaultValue = Visibility.ALWAYS)
  private List<Integer> sizes = List.of(8 << 10, 1 << 20, 64 << 20);

  @Option(
      names = "--pool",
      description = "MiB of a relay's pool.",
      showDefaultValue = Visibility.ALWAYS)
  private long poolMib = 512;

  @Option(
      names = "--idle-seconds",
      description = "How long to watch idle relays; 0 to leave it.",
      showDefaultValue = Visibility.ALWAYS)
  private int idleSeconds = 30;

  @Option(
      names = "--patience",
      description = "Seconds to wait for a quiet machine.",
      showDefaultValue = Visibility.ALWAYS)
  private int patience = 60;

  private final PrintStream out = System.out;

  public static void main(String[] arguments) {
    System.exit(new CommandLine(new LocalLaneBench()).execute(arguments));
  }

  @Override
  public Integer call() throws Exception {
    QuietMachine quiet = new QuietMachine(Duration.ofSeconds(patience));
    quiet.await();
    deliveries();
    if (idleSeconds > 0) {
      for (List<LaneKind> lanes :
          List.of(
              List.of(LaneKind.LOCAL, LaneKind.UCX, LaneKind.GRPC),
              List.of(LaneKind.UCX, LaneKind.GRPC))) {
        idle(lanes, quiet);
      }
    }
    out.printf("%n%s%n", quiet);
    return 0;
  }

  private void deliveries() throws Exception {
    try (Arena arena = Arena.ofShared();
        Hosts one = Hosts.start(1, List.of(LaneKind.LOCAL), poolMib * MIB);
        Hosts two = Hosts.start(2, List.of(LaneKind.LOCAL), poolMib * MIB)) {
      MemorySegment other = arena.allocate(Collections.max(sizes));
      Map<String, Delivery> deliveries = new LinkedHashMap<>();
      deliveries.put("one relay", new Delivery(one, 0, other));
      deliveries.put("two relays, lane local", new Delivery(two, 1, other));
      Map<String, Map<Integer, List<Long>>> measured = new LinkedHashMap<>();
      for (int round = -warmUp; round < rounds; round++) {
        for (int size : sizes) {
          for (Map.Entry<String, Delivery> each : deliveries.entrySet()) {
            long nanos = each.getValue().nanos(size);
            if (round >= 0) {
              measured
                  .computeIfAbsent(each.getKey(), _ -> new LinkedHashMap<>())
                  .computeIfAbsent(size, _ -> new ArrayList<>())
                  .add(nanos);
            }
          }
        }
      }
      measured.forEach(this::table);
    }
  }

  private void table(String name, Map<Integer, List<Long>> bySize) {
    out.printf("%n%s: µs from send to received, %d rounds%n", name, rounds);
    double first = quantile(bySize.getOrDefault(sizes.getFirst(), List.of()), 0.5);
    bySize.forEach(
        (size, nanos) ->
            out.printf(
                Locale.ROOT,
                "  %,12d bytes   p10 %7.1f   median %7.1f   p90 %7.1f   %.2f of the first's median%n",
                size,
                quantile(nanos, 0.1) / 1e3,
                quantile(nanos, 0.5) / 1e3,
                quantile(nanos, 0.9) / 1e3,
                quantile(nanos, 0.5) / first));
  }

  private static double quantile(List<Long> values, double share) {
    long[] sorted = values.stream().mapToLong(Long::longValue).sorted().toArray();
    return sorted.length == 0 ? Double.NaN : sorted[(int) (share * (sorted.length - 1))];
  }

  /** Two relays that have a link, and two clients: the process's share is more than any relay's. */
  private void idle(List<LaneKind> lanes, QuietMachine quiet) throws Exception {
    try (Hosts hosts = Hosts.start(2, lanes, poolMib * MIB)) {
      Delivery delivery = new Delivery(hosts, 1, MemorySegment.ofArray(new byte[sizes.getFirst()]));
      for (int number = 0; number < 10; number++) {
        delivery.nanos(sizes.getFirst());
      }
      quiet.await();
      double before = cpuSeconds();
      TimeUnit.SECONDS.sleep(idleSeconds);
      double share = (cpuSeconds() - before) / idleSeconds;
      out.printf(
          Locale.ROOT,
          "%nidle for %d s, linked by %s: two relays and two clients use %.2f %% of a core%n",
          idleSeconds,
          hosts.lanesFrom(0).values(),
          share * 100);
    }
  }

  private static double cpuSeconds() throws IOException {
    Duration used =
        ProcessHandle.current()
            .info()
            .totalCpuDuration()
            .orElseThrow(() -> new IOException("this system does not tell processor times"));
    return used.toNanos() / 1e9;
  }
}
