package io.baton.cli.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.baton.benchmarks.Bench;
import io.baton.benchmarks.BenchKind;
import io.baton.benchmarks.BenchPlan;
import io.baton.benchmarks.BenchResult;
import io.baton.benchmarks.Measured;
import io.baton.benchmarks.Surroundings;
import io.baton.cli.Console;
import io.baton.cli.Json;
import io.baton.cli.status.Columns;
import io.baton.transport.LaneKind;
import io.baton.transport.pinned.ByteText;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;

/** Writes results for a person or for a program. */
final class BenchReport {

  private final Console console;
  private final Surroundings surroundings;
  private final String command;
  private boolean begun;

  BenchReport(Console console, Surroundings surroundings, String command) {
    this.console = console;
    this.surroundings = surroundings;
    this.command = command;
  }

  /** Where the sources are, if the launcher has said so. */
  static Optional<Path> home() {
    return Optional.ofNullable(System.getProperty("baton.home")).map(Path::of);
  }

  /** As it was typed. */
  static String command(CommandSpec spec) {
    return "baton " + String.join(" ", spec.root().commandLine().getParseResult().originalArgs());
  }

  static String title(BenchPlan plan) {
    String way =
        switch (plan.kind()) {
          case HOP -> plan.apart() ? ", relay and stage apart" : "";
          case SIDECAR -> plan.relays() == 1 ? " over one relay" : " over two relays";
          case RELAYS -> "";
          case PUSHES ->
              plan.beside() == 0 ? "" : " beside bodies of " + ByteText.of(plan.beside());
        };
    return "%s%s, lane %s, %s, %d in flight"
        .formatted(
            name(plan.kind()),
            way,
            lane(plan),
            ByteText.of(plan.workload().bytes()),
            plan.workload().inFlight());
  }

  private static String lane(BenchPlan plan) {
    return plan.lane() == LaneKind.UCX
        ? "ucx (%s)".formatted(plan.transports())
        : Bench.name(plan.lane());
  }

  private static String name(BenchKind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }

  void table(BenchResult result) {
    BenchPlan plan = result.plan();
    if (!begun) {
      console.out().println(surroundings.machine());
      console
          .out()
          .println("commit " + surroundings.commit().orElse("unknown") + ", " + versions());
      begun = true;
    }
    console.out().println();
    console.out().println(title(plan));
    lines(result).forEach(console.out()::println);
    console.out().println(result.busy());
  }

  private String versions() {
    return String.join(
        ", ",
        surroundings.versions().entrySet().stream()
            .sorted(Map.Entry.comparingByKey())
            .map(entry -> entry.getKey() + " " + entry.getValue())
            .toList());
  }

  /** The rows of a table: Baton, and each floor with what Baton is of it. */
  static List<String> lines(BenchResult result) {
    int bytes = result.plan().workload().bytes();
    Columns columns =
        new Columns(
            "",
            "#p50 µs",
            "#p99 µs",
            "#a second",
            "#GiB/s",
            "#cpu µs",
            "#copied",
            "#allocated",
            "#p50 x",
            "#rate x");
    row(columns, "baton", result.product(), bytes, null);
    result.floors().forEach((name, floor) -> row(columns, name, floor, bytes, result.product()));
    return columns.lines();
  }

  private static void row(
      Columns columns, String name, Measured of, int bytes, @Nullable Measured product) {
    columns.row(
        name,
        number("%.1f", of.p50Micros()),
        number("%.1f", of.p99Micros()),
        number("%.0f", of.perSecond()),
        number("%.3f", of.gibPerSecond(bytes)),
        number("%.1f", of.cpuMicros()),
        number("%.0f", of.copiedBytes()),
        number("%.0f", of.allocatedBytes()),
        product == null ? "" : number("%.2f", product.p50Micros() / of.p50Micros()),
        product == null ? "" : number("%.2f", product.perSecond() / of.perSecond()));
  }

  private static String number(String format, double value) {
    return Double.isFinite(value) ? String.format(Locale.ROOT, format, value) : "-";
  }

  void json(BenchResult result) {
    console.out().println(Json.line(line(result)));
  }

  /** What a program gets of one result. */
  Line line(BenchResult result) {
    BenchPlan plan = result.plan();
    Measured product = result.product();
    int bytes = plan.workload().bytes();
    Map<String, Ratio> ratios = new LinkedHashMap<>();
    result.floors().forEach((name, floor) -> ratios.put(name, Ratio.of(product, floor)));
    return new Line(
        name(plan.kind()),
        Bench.name(plan.lane()),
        bytes,
        plan.workload().inFlight(),
        known(product.p50Micros()),
        known(product.p99Micros()),
        known(product.perSecond()),
        known(product.gibPerSecond(bytes)),
        known(product.cpuMicros()),
        known(product.copiedBytes() / bytes),
        known(product.allocatedBytes()),
        ratios,
        surroundings.machine(),
        surroundings.versions(),
        surroundings.commit().orElse(null),
        command);
  }

  private static @Nullable Double known(double value) {
    return Double.isFinite(value) ? value : null;
  }

  /** Baton's figure through the floor's. */
  record Ratio(
      @Nullable Double p50,
      @JsonProperty("per_second") @Nullable Double perSecond,
      @JsonProperty("gib_per_second") @Nullable Double gibPerSecond) {

    static Ratio of(Measured product, Measured floor) {
      Double rate = known(product.perSecond() / floor.perSecond());
      return new Ratio(known(product.p50Micros() / floor.p50Micros()), rate, rate);
    }
  }

  /** One object; what is not known is null. */
  record Line(
      String bench,
      String lane,
      int size,
      @JsonProperty("in_flight") int inFlight,
      @JsonProperty("p50_us") @Nullable Double p50Micros,
      @JsonProperty("p99_us") @Nullable Double p99Micros,
      @JsonProperty("per_second") @Nullable Double perSecond,
      @JsonProperty("gib_per_second") @Nullable Double gibPerSecond,
      @JsonProperty("cpu_us") @Nullable Double cpuMicros,
      @Nullable Double copies,
      @JsonProperty("allocated_bytes") @Nullable Double allocatedBytes,
      Map<String, Ratio> ratio,
      String machine,
      Map<String, String> versions,
      @Nullable String commit,
      String command) {}
}
