package io.baton.cli.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.baton.cli.ChainSession;
import io.baton.cli.Checks;
import io.baton.cli.CommandException;
import io.baton.cli.Console;
import io.baton.cli.DefaultPools;
import io.baton.cli.DurationConverter;
import io.baton.cli.ExitCode;
import io.baton.cli.OpenFiles;
import io.baton.cli.PromptSource;
import io.baton.cli.StageShare;
import io.baton.client.session.BatonClient;
import io.baton.client.session.ClientOptions;
import io.baton.client.stage.StageException;
import io.baton.session.route.RouteStats;
import io.baton.simulations.scenario.Scenario;
import io.baton.simulations.scenario.ScenarioReader;
import io.baton.stages.ModelDirectory;
import io.baton.stages.ModelEnds;
import io.baton.stages.UnsplitModel;
import io.baton.stages.demo.RelayStory;
import io.baton.transport.pinned.PoolException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** The main job in one command. */
@Command(
    name = "demo",
    description = {
      "Tell a story through a chain of stages, and lose one on the way.",
      "Each stage hands its output straight to the next; one is killed in the middle, and the story"
          + " is the one that the unsplit model tells."
    })
public final class DemoCommand implements Callable<Integer> {

  /** With more, relays would seem not to answer. */
  private static final Duration MAX_HOP_LATENCY = Duration.ofSeconds(1);

  private static final String PROMPT = "Relay: Ana, Ben, Chi, Dov, Eli.";

  private static final Set<String> WITH_SCENARIO =
      Set.of("--scenario", "--processes", "--json", "--model", "--debug", "--verbose");

  @Option(
      names = "--stages",
      paramLabel = "N",
      defaultValue = "4",
      description = "Stages to split the model into (default: ${DEFAULT-VALUE}).")
  private int stages;

  @Option(
      names = "--kill",
      paramLabel = "STAGE@TOKEN",
      description =
          "Kill a stage while the step after that many generated tokens is under way; may be given"
              + " several times; none for no kill (default: stage 2, or the only one, at token"
              + " 40).")
  private List<String> kills = List.of();

  @Option(
      names = "--prompt",
      paramLabel = "TEXT",
      description =
          "First line of the story; - for what standard input has (default: " + PROMPT + ").")
  private @Nullable String prompt;

  @Option(
      names = PromptSource.FILE_OPTION,
      paramLabel = "FILE",
      description = PromptSource.FILE_DESCRIPTION)
  private @Nullable String promptFile;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      defaultValue = "512",
      description = "The most tokens to generate (default: ${DEFAULT-VALUE}).")
  private int maxTokens;

  @Option(
      names = "--processes",
      description =
          "Run every relay with its executor as a process of its own, and kill with SIGKILL.")
  private boolean processes;

  @Option(
      names = "--hop-latency",
      paramLabel = "TIME",
      defaultValue = "0",
      converter = DurationConverter.class,
      description =
          "Delay every message between any two parties by this one-way time, such as 25ms.")
  private Duration hopLatency = Duration.ZERO;

  @Option(
      names = "--no-push",
      description = "Carry every tensor through the client instead of pushing from stage to stage.")
  private boolean noPush;

  @Option(
      names = "--standby",
      description =
          "Give each stage a standby, which takes over without a replay; a relay that is killed is"
              + " started anew and stands by from then on.")
  private boolean standby;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "Tell the story this many times, in turn with the unsplit model, and report the last, in"
              + " which kills come. From "
              + Turns.FEWEST_ROUNDS
              + " on it says how fast both are when warm (default: ${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--failure-rate",
      paramLabel = "P",
      description =
          "Instead of --kill: each transfer of activations, one more a token than there are stages,"
              + " kills the stage that receives it with this probability.")
  private @Nullable Double failureRate;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Seed of the failures that --failure-rate draws (default: ${DEFAULT-VALUE}).")
  private long seed;

  @Option(
      names = "--compare",
      description = "Run without failures before, and say what part of its rate was kept.")
  private boolean compare;

  @Option(
      names = "--scenario",
      paramLabel = "FILE",
      description =
          "Play this scenario, with --processes; it says what all other options do but --json and"
              + " --model. See docs/scenarios.md.")
  private @Nullable Path scenario;

  @Option(
      names = "--json",
      description = "Print one JSON object on the last line, and nothing else.")
  private boolean json;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      defaultValue = "${sys:baton.home:-.}/demo-model/model",
      description = "Model directory (default: the bundled one).")
  private Path model = Path.of(".");

  @SuppressWarnings("NullAway.Init")
  @Spec
  private CommandSpec spec;

  private final Console console;

  public DemoCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    if (scenario != null) {
      return playScenario(scenario);
    }
    List<Kill> planned = check();
    PromptSource source =
        PromptSource.of(prompt == null && promptFile == null ? PROMPT : prompt, promptFile);
    ModelDirectory directory = ModelDirectory.open(model);
    new StageShare(1, stages).checkDivides(directory);
    String given = source.text();
    String text = given.endsWith("\n") ? given : given + "\n";
    try (UnsplitModel unsplit = UnsplitModel.load(directory)) {
      int[] tokens = ChainSession.tokens(unsplit.ends(), directory, text);
      Turns turns = new Turns();
      DemoReport report = run(directory, unsplit, text, tokens, planned, turns);
      console.out().println(json ? toJson(report) : System.lineSeparator() + report.summary(turns));
      return report.sameAsUnbroken() ? ExitCode.OK : ExitCode.DIFFERENT_TEXT;
    }
  }

  private int playScenario(Path file) throws Exception {
    ParseResult given = spec.commandLine().getParseResult();
    for (OptionSpec option : given.matchedOptions()) {
      if (!WITH_SCENARIO.contains(option.longestName())) {
        throw new CommandException(
            ExitCode.USAGE,
            "%s does not go with --scenario: the file says it".formatted(option.longestName()));
      }
    }
    if (!processes) {
      throw new CommandException(
          ExitCode.USAGE,
          "--scenario needs --processes; to simulate it: baton simulate scenario %s"
              .formatted(file));
    }
    Scenario read = ScenarioReader.read(file);
    return new ScenarioDemo(read, ModelDirectory.open(model), console, json).play();
  }

  private List<Kill> check() throws CommandException {
    Checks.positive("--stages", stages);
    Checks.positive("--max-tokens", maxTokens);
    Checks.positive("--rounds", rounds);
    if (hopLatency.compareTo(MAX_HOP_LATENCY) > 0) {
      throw new CommandException(
          ExitCode.USAGE,
          "--hop-latency takes a time from 0 to %ds".formatted(MAX_HOP_LATENCY.toSeconds()));
    }
    if (failureRate != null && !kills.isEmpty()) {
      throw new CommandException(ExitCode.USAGE, "--failure-rate and --kill do not go together");
    }
    if (failureRate != null) {
      return FailureRate.draw(stages, maxTokens, failureRate, seed, standby);
    }
    return kills.isEmpty() ? List.of(new Kill(Math.min(2, stages), 40)) : Kill.parse(kills, stages);
  }

  private DemoReport run(
      ModelDirectory directory,
      UnsplitModel unsplit,
      String text,
      int[] promptTokens,
      List<Kill> planned,
      Turns turns)
      throws Exception {
    Stage stage = new Stage(unsplit.ends(), console, json);
    Fleet.Plan plan = new Fleet.Plan(stages, planned, standby, hopLatency);
    try (Fleet fleet = Fleet.start(directory, plan, launcher(plan.relays()));
        BatonClient client = BatonClient.create(ClientOptions.of(fleet.peers()))) {
      ChainRun chain =
          new ChainRun(directory, unsplit.ends(), client, fleet, stages, !noPush, standby);
      for (int round = 1; round < rounds; round++) {
        ChainRun.Result told = chain.run(promptTokens, maxTokens, List.of(), Stage.EMPTY);
        turns.add(
            told.tokensPerSecond(),
            Reference.of(unsplit, promptTokens, maxTokens).tokensPerSecond());
      }
      Optional<ChainRun.Result> failureFree =
          compare
              ? Optional.of(chain.run(promptTokens, maxTokens, List.of(), Stage.EMPTY))
              : Optional.empty();
      stage.opens(text);
      ChainRun.Result result = chain.run(promptTokens, maxTokens, planned, stage);
      stage.closes();
      // Last, so that nobody waits for it to see the story begin.
      DemoReport report =
          report(unsplit.ends(), text, result, Reference.of(unsplit, promptTokens, maxTokens));
      return failureFree
          .map(without -> report.withComparison(Comparison.of(result, without)))
          .orElse(report);
    }
  }

  private Berth.Launcher launcher(int relays) throws CommandException, PoolException {
    long poolBytes = DefaultPools.bytes(relays);
    if (processes) {
      return (name, directory, share, listen) ->
          ProcessStage.launch(name, directory, share, listen, poolBytes, console.err());
    }
    OpenFiles.requireForRelays(relays);
    return (name, directory, share, listen) ->
        InProcessStage.start(name, directory, share, listen, poolBytes);
  }

  /** The unsplit model's tokens, and how long it took. */
  private record Reference(List<Integer> tokens, long nanos) {
    static Reference of(UnsplitModel unsplit, int[] prompt, int maxTokens)
        throws StageException, InterruptedException {
      long start = System.nanoTime();
      List<Integer> tokens = unsplit.generate(prompt, maxTokens, _ -> {});
      return new Reference(tokens, System.nanoTime() - start);
    }

    double tokensPerSecond() {
      return tokens.size() * 1e9 / nanos;
    }
  }

  private DemoReport report(
      ModelEnds ends, String text, ChainRun.Result result, Reference reference) {
    RouteStats stats = result.stats();
    int tokens = result.tokens().size();
    String story = text + ends.decode(withoutEnd(ends, result.tokens()));
    return new DemoReport(
        story,
        tokens,
        RelayStory.consistent(story),
        result.tokens().equals(reference.tokens()),
        stages,
        processes,
        !noPush,
        standby,
        hopLatency.toNanos() / 1e6,
        stats.stepsFromPeer(),
        stats.stepsFromClient(),
        result.failovers().stream().map(failover -> failover.kill().toString()).toList(),
        result.neverKilled().stream().map(Kill::toString).toList(),
        result.failovers().stream().map(failover -> failover.gapNanos() / 1e6).toList(),
        stats.reroutes(),
        stats.takeovers(),
        stats.replayedTokens(),
        stats.standbyTokens(),
        stats.mismatches(),
        result.tokensPerSecond(),
        reference.tokensPerSecond(),
        result.nanos() / 1e6 / tokens,
        result.stageNanos() / 1e6 / tokens,
        result.computeNanos() / 1e6 / tokens,
        null);
  }

  private static int[] withoutEnd(ModelEnds ends, List<Integer> tokens) {
    return tokens.stream()
        .filter(token -> !ends.isEnd(token))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static String toJson(DemoReport report) {
    try {
      return new ObjectMapper().writeValueAsString(report);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a record of plain values is not JSON", e);
    }
  }
}
