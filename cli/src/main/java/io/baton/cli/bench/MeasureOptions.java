package io.baton.cli.bench;

import io.baton.benchmarks.Bench;
import io.baton.benchmarks.BenchKind;
import io.baton.benchmarks.BenchPlan;
import io.baton.benchmarks.BenchResult;
import io.baton.benchmarks.Processes;
import io.baton.benchmarks.Surroundings;
import io.baton.benchmarks.node.Message;
import io.baton.benchmarks.node.Workload;
import io.baton.cli.ByteSizeConverter;
import io.baton.cli.Checks;
import io.baton.cli.CommandException;
import io.baton.cli.Console;
import io.baton.cli.DurationConverter;
import io.baton.cli.ExitCode;
import io.baton.cli.JavaCommand;
import io.baton.cli.LaneKindConverter;
import io.baton.transport.LaneKind;
import io.baton.transport.pinned.ByteText;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** What every benchmark that has floors takes: what is moved, and how it is measured. */
final class MeasureOptions {

  private static final long MOST_BYTES = 256L << 20;
  private static final int MOST_IN_FLIGHT = 200;
  private static final int MOST_ROUNDS = 1000;
  private static final Duration LONGEST = Duration.ofMinutes(1);
  private static final Duration SHORTEST = Duration.ofMillis(10);

  /** Of all that is under way, which pools and floors have to hold at a time. */
  private static final long MOST_UNDER_WAY = 512L << 20;

  @Option(
      names = "--lane",
      split = ",",
      paramLabel = "LANE",
      defaultValue = "local",
      converter = LaneKindConverter.class,
      description =
          "By which bodies go from relay to relay: local, ucx or grpc; several are measured one after"
              + " the other (default: ${DEFAULT-VALUE}).")
  private List<LaneKind> lanes = List.of(LaneKind.LOCAL);

  @Option(
      names = "--size",
      split = ",",
      paramLabel = "SIZE",
      converter = ByteSizeConverter.class,
      description = "Of a body, such as 8KiB or 1MiB, from 32 bytes up (default: 8KiB).")
  private List<Long> sizes = List.of(8L << 10);

  @Option(
      names = "--in-flight",
      split = ",",
      paramLabel = "N",
      defaultValue = "1",
      description = "Bodies that are under way at a time, up to 200 (default: ${DEFAULT-VALUE}).")
  private List<Integer> inFlight = List.of(1);

  @Option(
      names = "--transports",
      paramLabel = "NAMES",
      defaultValue = "tcp,self",
      description =
          "What UCX may use on the lane ucx, as it names them, for Baton and its floors alike; shared"
              + " memory is posix,sysv,self (default: ${DEFAULT-VALUE}).")
  private String transports = "tcp,self";

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "5",
      description =
          "Rounds in which all are measured in turn; figures are medians of them (default:"
              + " ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--seconds",
      paramLabel = "SECONDS",
      defaultValue = "2",
      converter = SecondsConverter.class,
      description =
          "How long each sends in a round, such as 0.5, or until half a million are sent (default:"
              + " ${DEFAULT-VALUE}).")
  private Duration round = Duration.ofSeconds(2);

  @Option(
      names = "--warm-up",
      paramLabel = "SECONDS",
      defaultValue = "8",
      converter = SecondsConverter.class,
      description =
          "How long each sends before the first round; up to six times as long, until it has sent"
              + " 10,000 (default: ${DEFAULT-VALUE}).")
  private Duration warmUp = Duration.ofSeconds(8);

  @Option(
      names = "--patience",
      paramLabel = "TIME",
      defaultValue = "0",
      converter = DurationConverter.class,
      description =
          "How long to wait, before each measurement, for others to leave the machine alone (default:"
              + " ${DEFAULT-VALUE}).")
  private Duration patience = Duration.ZERO;

  @Option(
      names = "--verify",
      description =
          "Write and compare every byte of every body, which takes its time; without it, the ends.")
  private boolean verify;

  @Option(names = "--json", description = "Print one JSON object a line, and no table.")
  private boolean json;

  /** One benchmark, at one point of what was asked for. */
  interface Point {
    BenchPlan of(LaneKind lane, Workload workload) throws CommandException;
  }

  /** The rest of a plan: how it is measured. */
  BenchPlan plan(BenchKind kind, LaneKind lane, boolean apart, int relays, Workload workload) {
    return plan(kind, lane, apart, relays, 0, workload);
  }

  /** Of pushes beside a body of so many bytes. */
  BenchPlan plan(
      BenchKind kind, LaneKind lane, boolean apart, int relays, long beside, Workload workload) {
    return new BenchPlan(
        kind, lane, apart, relays, beside, workload, transports, rounds, round, warmUp, patience);
  }

  /**
   * Measures all that was asked for, and prints each when it is done.
   *
   * @throws CommandException if an option says what cannot be
   */
  int run(Console console, CommandSpec spec, Point point) throws Exception {
    check();
    for (LaneKind lane : lanes) {
      // All of them, before anything is measured.
      var _ = point.of(lane, new Workload(Message.MIN_BYTES, 1, verify));
    }
    BenchReport report =
        new BenchReport(console, Surroundings.now(BenchReport.home()), BenchReport.command(spec));
    for (LaneKind lane : lanes) {
      for (long size : sizes) {
        for (int each : inFlight) {
          BenchPlan plan = point.of(lane, new Workload(Math.toIntExact(size), each, verify));
          try (Processes processes = Processes.open(JavaCommand::ofThisBuild)) {
            BenchResult result =
                Bench.run(plan, processes, new BenchNews(console, BenchReport.title(plan)));
            if (json) {
              report.json(result);
            } else {
              report.table(result);
            }
          }
        }
      }
    }
    return ExitCode.OK;
  }

  private void check() throws CommandException {
    Checks.positive("--rounds", rounds);
    if (rounds > MOST_ROUNDS) {
      throw usage("--rounds takes a number from 1 to %d, not %d".formatted(MOST_ROUNDS, rounds));
    }
    checkTime("--seconds", round);
    checkTime("--warm-up", warmUp);
    for (int each : inFlight) {
      if (each < 1 || each > MOST_IN_FLIGHT) {
        throw usage(
            "--in-flight takes a number from 1 to %d, not %d".formatted(MOST_IN_FLIGHT, each));
      }
    }
    for (long size : sizes) {
      if (size < Message.MIN_BYTES || size > MOST_BYTES) {
        throw usage(
            "--size takes a size from %s to %s, not %s"
                .formatted(
                    ByteText.of(Message.MIN_BYTES), ByteText.of(MOST_BYTES), ByteText.of(size)));
      }
      for (int each : inFlight) {
        if (size * each > MOST_UNDER_WAY) {
          throw usage(
              "%d bodies of %s in flight are more than %s"
                  .formatted(each, ByteText.of(size), ByteText.of(MOST_UNDER_WAY)));
        }
      }
    }
  }

  private static void checkTime(String option, Duration time) throws CommandException {
    if (time.compareTo(SHORTEST) < 0 || time.compareTo(LONGEST) > 0) {
      throw usage(
          "%s takes seconds from %s to %d, not %s"
              .formatted(
                  option,
                  SecondsConverter.text(SHORTEST),
                  LONGEST.toSeconds(),
                  SecondsConverter.text(time)));
    }
  }

  static CommandException usage(String sentence) {
    return new CommandException(ExitCode.USAGE, sentence);
  }
}
