package io.baton.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.baton.simulations.swarm.Swarm;
import io.baton.simulations.swarm.Violation;
import io.baton.simulations.world.Protocol;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Looks for bugs of the protocol in random runs. */
@Command(
    name = "swarm",
    description = {
      "Look for bugs: run the protocol in random worlds with random faults, and check it at every event.",
      "Everything is drawn from a seed. The lowest seed that fails is made small and told, with the command that replays it."
    })
final class SimulateSwarmCommand implements Callable<Integer> {

  private static final int MOST_LINES = 400;

  @Option(
      names = "--seeds",
      paramLabel = "A..B",
      converter = SeedRange.Converter.class,
      description = "Seeds to run, A and B included (default: ${DEFAULT-VALUE}).")
  private SeedRange seeds = new SeedRange(0, 9999);

  @Option(
      names = "--seed",
      paramLabel = "N",
      converter = SeedRange.Converter.class,
      description = "Run this seed alone.")
  private @Nullable SeedRange seed;

  @Option(
      names = "--trace",
      description = "Tell everything that happens in the run of --seed, as it was drawn.")
  private boolean trace;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads to run on (default: all processors).")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--json", description = "Print the result as JSON.")
  private boolean json;

  private final Console console;

  SimulateSwarmCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    Checks.positive("--threads", threads);
    if (trace && (seed == null || seed.size() != 1)) {
      throw new CommandException(ExitCode.USAGE, "--trace tells one run: name it with --seed N");
    }
    if (trace && seed != null) {
      return retell(seed.first());
    }
    return run(seed == null ? seeds : seed);
  }

  private int retell(long only) {
    Swarm.Failure told = Swarm.retell(only, Protocol.PRODUCTION, Integer.MAX_VALUE);
    if (json) {
      print(json(new SeedRange(only, only), told.outcome().protocolEvents(), 1, 0, told));
    } else {
      told.lines().forEach(console.out()::println);
    }
    return told.outcome().failed() ? ExitCode.SEED_FAILED : ExitCode.OK;
  }

  private int run(SeedRange range) throws InterruptedException {
    Swarm swarm = new Swarm(range.first(), range.last() + 1, Protocol.PRODUCTION);
    long begin = System.nanoTime();
    try (TerminalProgress progress = new TerminalProgress(console.err(), "seeds")) {
      progress.begins(range.size());
      swarm.run(threads, progress::ran);
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    Swarm.@Nullable Failure failure =
        swarm.lowestFailing() == Long.MAX_VALUE
            ? null
            : Swarm.explain(swarm.lowestFailing(), Protocol.PRODUCTION, MOST_LINES);
    if (json) {
      print(json(range, swarm.events(), swarm.seeds(), seconds, failure));
    } else {
      say(range, swarm, seconds, failure);
    }
    return failure == null ? ExitCode.OK : ExitCode.SEED_FAILED;
  }

  private void say(SeedRange range, Swarm swarm, double seconds, Swarm.@Nullable Failure failure) {
    console
        .out()
        .printf(
            Locale.ROOT,
            "%,d seeds of %s in %.1f s on %d threads: %,.0f seeds a second, %,.0f events a second%n",
            swarm.seeds(),
            range,
            seconds,
            threads,
            swarm.seeds() / seconds,
            swarm.events() / seconds);
    if (failure == null) {
      console.out().println("nothing was broken");
      return;
    }
    console.out().printf("%nseed %d fails; made small:%n%n", failure.seed());
    failure.lines().forEach(console.out()::println);
    console.out().printf("%n%s%n", replay(failure.seed()));
  }

  private static String replay(long seed) {
    return "as it was drawn: baton simulate swarm --seed %d --trace".formatted(seed);
  }

  private void print(ObjectNode result) {
    console.out().println(result.toPrettyString());
  }

  private ObjectNode json(
      SeedRange range, long events, long done, double seconds, Swarm.@Nullable Failure told) {
    ObjectNode result = new ObjectMapper().createObjectNode();
    result.put("first_seed", range.first());
    result.put("last_seed", range.last());
    result.put("seeds", done);
    result.put("events", events);
    result.put("seconds", seconds);
    result.put("threads", threads);
    Optional<Violation> violation =
        Optional.ofNullable(told).flatMap(failure -> failure.outcome().violation());
    violation.ifPresent(
        broken -> {
          result.put("broken", broken.kind().name().toLowerCase(Locale.ROOT));
          result.put("message", broken.getMessage());
        });
    if (told != null) {
      result.put("seed", told.seed());
      told.lines().forEach(result.putArray("trace")::add);
    }
    return result;
  }
}
