package io.baton.cli.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.baton.benchmarks.IdsRun;
import io.baton.benchmarks.Processes;
import io.baton.benchmarks.Surroundings;
import io.baton.cli.ByteSizeConverter;
import io.baton.cli.Checks;
import io.baton.cli.Console;
import io.baton.cli.DefaultPools;
import io.baton.cli.ExitCode;
import io.baton.cli.JavaCommand;
import io.baton.cli.Json;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Many fresh ids through one relay. */
@Command(
    name = "ids",
    description = {
      "Sends small objects through one relay to a reader, each under an id that was never used before, and tells after every"
          + " so many how many a second there were, and what is live on the heap.",
      "Relay, sender and reader are threads of one process with a small heap: what any of them kept of an id would fill it."
    })
final class BenchIdsCommand implements Callable<Integer> {

  private static final long LEAST_HEAP = 32L << 20;
  private static final int MOST_ID_BYTES = 255;
  private static final int MOST_IN_FLIGHT = 512;

  @Option(
      names = "--ids",
      paramLabel = "N",
      defaultValue = "1000000",
      description = "How many (default: ${DEFAULT-VALUE}).")
  private int ids;

  @Option(
      names = "--every",
      paramLabel = "N",
      defaultValue = "100000",
      description = "Ids between two lines (default: ${DEFAULT-VALUE}).")
  private int every;

  @Option(
      names = "--id-bytes",
      paramLabel = "N",
      defaultValue = "64",
      description = "Length of an id, from 10 to 255 (default: ${DEFAULT-VALUE}).")
  private int idBytes;

  @Option(
      names = "--in-flight",
      paramLabel = "N",
      defaultValue = "64",
      description = "Sent and not yet read, up to 512 (default: ${DEFAULT-VALUE}).")
  private int inFlight;

  @Option(
      names = "--heap",
      paramLabel = "SIZE",
      defaultValue = "96MiB",
      converter = ByteSizeConverter.class,
      description = "Of the process, as in -Xmx (default: ${DEFAULT-VALUE}).")
  private long heap;

  @Option(names = "--json", description = "Print one JSON object a line, and no table.")
  private boolean json;

  @SuppressWarnings("NullAway.Init")
  @Spec
  private CommandSpec spec;

  private final Console console;

  BenchIdsCommand(Console console) {
    this.console = console;
  }

  /** One object. */
  record Line(
      String bench,
      long ids,
      @JsonProperty("per_second") double perSecond,
      @JsonProperty("live_heap_bytes") long liveHeapBytes,
      String machine,
      Map<String, String> versions,
      @Nullable String commit,
      String command) {}

  @Override
  public Integer call() throws Exception {
    Checks.positive("--ids", ids);
    Checks.positive("--every", every);
    if (inFlight < 1 || inFlight > MOST_IN_FLIGHT) {
      throw MeasureOptions.usage(
          "--in-flight takes a number from 1 to %d, not %d".formatted(MOST_IN_FLIGHT, inFlight));
    }
    if (idBytes < 10 || idBytes > MOST_ID_BYTES) {
      throw MeasureOptions.usage(
          "--id-bytes takes a number from 10 to %d, not %d".formatted(MOST_ID_BYTES, idBytes));
    }
    if (heap < LEAST_HEAP) {
      throw MeasureOptions.usage("--heap takes a size from 32MiB up, not %d".formatted(heap));
    }
    IdsRun run = new IdsRun(ids, every, idBytes, inFlight, heap, DefaultPools.bytes(1));
    Surroundings here = Surroundings.now(BenchReport.home());
    try (Processes processes = Processes.open(JavaCommand::ofThisBuild)) {
      if (!json) {
        console.out().println("%12s %12s %16s".formatted("ids", "a second", "live heap, MiB"));
      }
      run.run(processes, figures -> print(figures, here));
      return ExitCode.OK;
    }
  }

  private void print(IdsRun.Figures figures, Surroundings here) {
    console
        .out()
        .println(
            json
                ? Json.line(
                    new Line(
                        "ids",
                        figures.ids(),
                        figures.perSecond(),
                        figures.liveHeapBytes(),
                        here.machine(),
                        here.versions(),
                        here.commit().orElse(null),
                        BenchReport.command(spec)))
                : String.format(
                    Locale.ROOT,
                    "%12d %12.0f %16.1f",
                    figures.ids(),
                    figures.perSecond(),
                    figures.liveHeapBytes() / (double) (1 << 20)));
  }
}
