package io.baton.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.baton.simulations.scale.Growth;
import io.baton.simulations.scale.ScaleConfig;
import io.baton.simulations.scale.ScaleResult;
import io.baton.simulations.scale.ScaleRun;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A fleet of relays and its sessions, at several sizes. */
@Command(
    name = "scale",
    description = {
      "Run many sessions over many relays that crash and come back.",
      "Tells whether re-routing stays local, whether leases stay bounded, and how the cost grows: the fleet is run at an"
          + " eighth, a quarter, half and all of its size. Every session's outputs are checked. Takes one core; give the"
          + " JVM memory by BATON_JAVA_OPTS=-Xmx8g."
    })
final class SimulateScaleCommand implements Callable<Integer> {

  private static final int PERMILLE = 1000;
  private static final double MEGABYTE = 1 << 20;

  @Option(
      names = "--relays",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Relays in all (default: ${DEFAULT-VALUE}).")
  private int relays;

  @Option(
      names = "--sessions",
      paramLabel = "N",
      defaultValue = "10000",
      description = "Sessions, all open at the same time (default: ${DEFAULT-VALUE}).")
  private int sessions;

  @Option(
      names = "--stages",
      paramLabel = "N",
      defaultValue = "4",
      description = "Stages of the model (default: ${DEFAULT-VALUE}).")
  private int stages;

  @Option(
      names = "--tokens",
      paramLabel = "N",
      defaultValue = "16",
      description = "Tokens that each session generates, one a second (default: ${DEFAULT-VALUE}).")
  private int tokens;

  @Option(
      names = "--churn",
      paramLabel = "PART",
      defaultValue = "0.1",
      description =
          "Part of all relays that crash in a minute; each is back after 5 s (default: ${DEFAULT-VALUE}).")
  private double churn;

  @Option(
      names = "--deaths",
      paramLabel = "PART",
      defaultValue = "0.01",
      description =
          "Part of all clients that die before they are done (default: ${DEFAULT-VALUE}).")
  private double deaths;

  @Option(names = "--standby", description = "Let another relay stand by for each stage.")
  private boolean standby;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "What everything is drawn from (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(names = "--no-growth", description = "Run the fleet at its full size alone.")
  private boolean noGrowth;

  @Option(names = "--json", description = "Print the figures as JSON.")
  private boolean json;

  private final Console console;

  SimulateScaleCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws CommandException, IOException {
    ScaleConfig full = config();
    List<ScaleResult> results = new ArrayList<>();
    if (!json) {
      console.out().println(header());
    }
    for (int times : noGrowth ? new int[] {1} : new int[] {8, 4, 2, 1}) {
      ScaleResult result = run(full.smaller(times));
      results.add(result);
      if (!json) {
        console.out().println(line(result));
      }
    }
    if (json) {
      console.out().println(json(results));
    } else {
      explain(results);
    }
    return ExitCode.OK;
  }

  private ScaleConfig config() throws CommandException {
    try {
      return new ScaleConfig(seed, relays, sessions, stages, tokens, churn, deaths, standby);
    } catch (IllegalArgumentException e) {
      throw new CommandException(ExitCode.USAGE, "--" + e.getMessage(), e);
    }
  }

  private ScaleResult run(ScaleConfig config) {
    try (TerminalProgress progress =
        new TerminalProgress(
            console.err(), "thousandths of %,d sessions".formatted(config.sessions()))) {
      progress.begins(PERMILLE);
      return ScaleRun.run(config, done -> progress.reached((long) (done * PERMILLE)));
    }
  }

  private static String header() {
    return "%8s %9s %12s %9s %9s %10s %11s %8s %9s %9s %9s %8s %7s %5s"
        .formatted(
            "relays",
            "sessions",
            "events",
            "seconds",
            "events/s",
            "live MiB",
            "KiB/session",
            "crashes",
            "struck",
            "reroutes",
            "changed",
            "orphans",
            "longest",
            "left");
  }

  private static String line(ScaleResult r) {
    return String.format(
        Locale.ROOT,
        "%8d %9d %12d %9.1f %9.0f %10.0f %11.1f %8d %9d %9d %9d %8d %6ds %5d",
        r.config().relays(),
        r.config().sessions(),
        r.events(),
        r.wallNanos() / 1e9,
        r.eventsPerSecond(),
        r.liveBytes() / MEGABYTE,
        r.liveBytesASession() / 1024,
        r.crashes(),
        r.struck(),
        r.reroutes(),
        r.relaysChanged(),
        r.peakOrphans(),
        r.orphanSecondsMax(),
        r.left());
  }

  private void explain(List<ScaleResult> results) {
    ScaleResult last = results.getLast();
    console
        .out()
        .printf(
            Locale.ROOT,
            "%nAll %d sessions that lived got the tokens of a run without failures.%n"
                + "A session on a relay that crashed was re-routed %.2f times, and a re-route brought %.2f new relays into a route.%n"
                + "Re-routes replayed %d tokens, %.1f %% of what replaying whole routes would have taken; %d standbys took over.%n"
                + "At most %d sessions at relays belonged to nobody any more, none for longer than %d s; %d are left.%n",
            last.finished(),
            last.reroutesAStruckSession(),
            last.relaysChangedAReroute(),
            last.replayedTokens(),
            last.wholeRoutesTokens() == 0
                ? 0
                : 100.0 * last.replayedTokens() / last.wholeRoutesTokens(),
            last.takeovers(),
            last.peakOrphans(),
            last.orphanSecondsMax(),
            last.left());
    if (results.size() > 1) {
      console
          .out()
          .printf(
              Locale.ROOT,
              "Time grows with the number of sessions to the power of %.2f, memory to the power of %.2f.%n",
              Growth.exponent(results, ScaleResult::wallNanos),
              Growth.exponent(results, ScaleResult::liveBytes));
    }
  }

  private static String json(List<ScaleResult> results) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode();
    root.set("runs", mapper.valueToTree(results));
    if (results.size() > 1) {
      root.put("timeExponent", Growth.exponent(results, ScaleResult::wallNanos));
      root.put("memoryExponent", Growth.exponent(results, ScaleResult::liveBytes));
    }
    return mapper.writerWithDefaultPrettyPrinter().writeValueAsString(root);
  }
}
