package io.baton.benchmarks.soak;

import io.baton.transport.LaneKind;
import io.baton.transport.ucx.Landing;
import io.baton.transport.ucx.UcxConfig;
import io.baton.transport.ucx.UcxEngine;
import io.baton.transport.ucx.UcxUnavailableException;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Sends and receives in every way for a long time, while links break and relays restart, and says
 * whether what the process holds stays the same, and whether all that came was right.
 */
@Command(
    name = "Soak",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Ends with 0 if nothing grows, nothing is wrong and nothing is left; else with 1.")
public final class Soak implements Callable<Integer> {

  private static final double NANOS = 1e9;

  @Option(
      names = "--minutes",
      description = "How long.",
      showDefaultValue = CommandLine.Help.Visibility.ALWAYS)
  private double minutes = 60;

  @Option(
      names = "--rate",
      description = "Acts a second, all pairs of relays together.",
      showDefaultValue = CommandLine.Help.Visibility.ALWAYS)
  private double rate = 20;

  @Option(
      names = "--lanes",
      split = ",",
      description = "A pair of relays for each: ${COMPLETION-CANDIDATES}.")
  private List<LaneKind> lanes = List.of(LaneKind.LOCAL, LaneKind.UCX, LaneKind.GRPC);

  @Option(
      names = "--trouble",
      description = "Seconds from one trouble of a pair to the next, on the average.",
      showDefaultValue = CommandLine.Help.Visibility.ALWAYS)
  private double trouble = 30;

  @Option(
      names = "--sample",
      description = "Seconds from one look at the process to the next.",
      showDefaultValue = CommandLine.Help.Visibility.ALWAYS)
  private double sample = 60;

  @Option(
      names = "--seed",
      description = "Of what is done, and when.",
      showDefaultValue = CommandLine.Help.Visibility.ALWAYS)
  private long seed = 1;

  private static final int WORKERS = 2;
  private static final long POOL_BYTES = 16L << 20;

  private final PrintStream out = System.out;

  public static void main(String[] arguments) {
    System.exit(
        new CommandLine(new Soak()).setCaseInsensitiveEnumValuesAllowed(true).execute(arguments));
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (lanes.contains(LaneKind.UCX) && !hasUcx()) {
      out.println("there is no UCX here; name others with --lanes");
      return CommandLine.ExitCode.USAGE;
    }
    Tally tally = new Tally();
    Duration pace = seconds(lanes.size() * WORKERS / rate);
    List<Samples.Comparison> comparisons;
    try (Soaking soaking =
        Soaking.start(
            new Soaking.Setup(
                lanes, WORKERS, pace, seconds(trouble), seconds(sample), POOL_BYTES, seed),
            tally)) {
      soaking.run(seconds(minutes * 60), out::println);
      comparisons = soaking.compare();
      soaking.finish();
    }
    return verdict(tally, comparisons);
  }

  private int verdict(Tally tally, List<Samples.Comparison> comparisons) {
    out.println(tally);
    tally.firstFailures().forEach(out::println);
    comparisons.forEach(out::println);
    boolean flat = comparisons.stream().allMatch(Samples.Comparison::isFlat);
    boolean right = tally.failures() == 0;
    out.printf(
        "%s, %s%n",
        flat ? "nothing grows" : "something grows",
        right ? "nothing was wrong and nothing is left" : "something was wrong");
    return flat && right ? 0 : 1;
  }

  static boolean hasUcx() {
    try {
      UcxEngine.start(UcxConfig.withDefaults("probe"), (_, _) -> Landing.REFUSED).close();
      return true;
    } catch (UcxUnavailableException e) {
      return false;
    }
  }

  private static Duration seconds(double seconds) {
    return Duration.ofNanos(Math.round(seconds * NANOS));
  }
}
