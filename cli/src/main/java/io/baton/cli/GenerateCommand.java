package io.baton.cli;

import io.baton.client.session.BatonClient;
import io.baton.client.session.ClientOptions;
import io.baton.client.session.InferenceSession;
import io.baton.client.session.NoRouteException;
import io.baton.client.session.SessionException;
import io.baton.client.session.SessionListener;
import io.baton.proto.codec.HostPort;
import io.baton.session.model.Tensor;
import io.baton.session.route.Candidate;
import io.baton.session.route.RouteConfig;
import io.baton.session.route.RouteStats;
import io.baton.stages.GreedyGeneration;
import io.baton.stages.ModelDirectory;
import io.baton.stages.ModelEnds;
import io.baton.stages.TokenText;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The client alone. */
@Command(
    name = "generate",
    description = {
      "Generate text through a chain of relays.",
      "Finds out which stage each peer serves; several that serve one stage are alternatives for"
          + " failover."
    })
final class GenerateCommand implements Callable<Integer> {

  private static final Logger log = LoggerFactory.getLogger(GenerateCommand.class);

  /** A peer that does not answer must not keep the others waiting for long. */
  private static final Duration DESCRIBE_TIMEOUT = Duration.ofSeconds(1);

  /** How long a stage may be away once the text has begun. */
  private static final Duration RECOVERY = Duration.ofSeconds(30);

  /** A few seconds if nobody serves a stage, and more while a relay is too busy to say so. */
  private static final RouteConfig.Patience PATIENCE =
      ChainSession.patience(4)
          .withSearch(Duration.ofSeconds(5).toNanos(), Duration.ofSeconds(30).toNanos());

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "Model directory: the client runs its two ends.")
  private Path model = Path.of(".");

  @Option(
      names = "--peers",
      required = true,
      split = ",",
      paramLabel = "HOST:PORT",
      converter = HostPortConverter.class,
      description = "The relays, in the order of preference.")
  private List<HostPort> peers = List.of();

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      defaultValue = "256",
      description = "The most tokens to generate (default: ${DEFAULT-VALUE}).")
  private int maxTokens;

  @Option(
      names = "--no-push",
      description =
          "Carry every tensor through this client instead of pushing from stage to stage.")
  private boolean noPush;

  @Option(
      names = "--standby",
      description =
          "Have another peer, where there is one, stand by for each stage and take over without a"
              + " replay.")
  private boolean standby;

  @Option(
      names = "--silence",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = DurationConverter.class,
      description =
          "How long a peer that owes a step may say nothing before it is asked again, and then once"
              + " more before it is left (default: ${DEFAULT-VALUE}).")
  private Duration silence = Duration.ofSeconds(5);

  @Option(
      names = "--stall",
      paramLabel = "TIME",
      defaultValue = "2m",
      converter = DurationConverter.class,
      description =
          "How long a peer that says it works on a step may get no further (default:"
              + " ${DEFAULT-VALUE}).")
  private Duration stall = Duration.ofMinutes(2);

  @Option(
      names = "--longest-step",
      paramLabel = "TIME",
      defaultValue = "9m",
      converter = DurationConverter.class,
      description =
          "How long one step may take, however it gets on; less than the peers' --session-idle"
              + " (default: ${DEFAULT-VALUE}).")
  private Duration longestStep = Duration.ofMinutes(9);

  @Parameters(
      arity = "0..*",
      paramLabel = "PROMPT",
      description =
          "The text to continue; - for what standard input has. One that begins like an option goes"
              + " after --.")
  private List<String> prompt = List.of();

  @Option(
      names = PromptSource.FILE_OPTION,
      paramLabel = "FILE",
      description = PromptSource.FILE_DESCRIPTION)
  private @Nullable String promptFile;

  @SuppressWarnings("NullAway.Init")
  @Spec
  private CommandSpec spec;

  private final Console console;

  private GenerateCommand(Console console) {
    this.console = console;
  }

  /** The command, for which a text that looks like no option is none. */
  static CommandLine of(Console console) {
    return new CommandLine(new GenerateCommand(console))
        .setUnmatchedOptionsArePositionalParams(true);
  }

  @Override
  public Integer call() throws Exception {
    Checks.positive("--max-tokens", maxTokens);
    for (HostPort peer : peers) {
      if (peer.port() == 0) {
        throw new CommandException(
            ExitCode.USAGE, "--peers %s: nobody is at port 0".formatted(peer));
      }
    }
    RouteConfig.Patience patience = patience();
    PromptSource source = PromptSource.of(PositionalText.of(spec, prompt), promptFile);
    ModelDirectory directory = ModelDirectory.open(model);
    String text = source.text();
    ClientOptions options = ClientOptions.of(peers).withDescribeTimeout(DESCRIBE_TIMEOUT);
    try (ModelEnds ends = ModelEnds.load(directory)) {
      int[] tokens = ChainSession.tokens(ends, directory, text);
      try (BatonClient client = BatonClient.create(options);
          InferenceSession session =
              client.openSession(
                  ChainSession.options(directory, !noPush, patience).withStandby(standby),
                  SessionListener.NONE)) {
        try {
          generate(directory, ends, tokens, session);
        } catch (NoRouteException e) {
          if (session.length() > 0) {
            // The sentence about it shall not stick to the text.
            console.out().println();
          }
          throw new CommandException(
              ExitCode.NO_ROUTE, e.getMessage() + served(client, directory.modelId()), e);
        }
        return ExitCode.OK;
      }
    }
  }

  private RouteConfig.Patience patience() throws CommandException {
    if (silence.isZero() || stall.isZero() || longestStep.isZero()) {
      throw new CommandException(
          ExitCode.USAGE, "--silence, --stall and --longest-step take times of more than 0");
    }
    return PATIENCE.withStep(silence.toNanos()).withBelief(stall.toNanos(), longestStep.toNanos());
  }

  /** What the peers that do answer have to offer; the others are in the exception's message. */
  private static String served(BatonClient client, String modelId) throws InterruptedException {
    try {
      List<Candidate> candidates = client.candidates(modelId).get(3, TimeUnit.SECONDS);
      return candidates.stream()
          .map(peer -> "; %s: serves %s".formatted(peer.address(), peer.stage().span()))
          .collect(Collectors.joining());
    } catch (ExecutionException | TimeoutException e) {
      return "";
    }
  }

  private void generate(
      ModelDirectory directory, ModelEnds ends, int[] promptTokens, InferenceSession session)
      throws SessionException, InterruptedException {
    TokenText text = ends.decoder();
    long start = System.nanoTime();
    List<Integer> tokens =
        GreedyGeneration.run(
            ends,
            directory.maxLength(),
            promptTokens,
            maxTokens,
            (position, activations) -> step(session, position, activations),
            token -> {
              if (!ends.isEnd(token)) {
                console.print(text.next(token));
              }
            });
    console.out().println(text.finish());
    report(session.stats(), tokens.size(), System.nanoTime() - start);
  }

  /** Without a route from the start there is somebody to tell; later it is worth to wait. */
  private static Tensor step(InferenceSession session, int position, Tensor activations)
      throws SessionException, InterruptedException {
    long deadline = System.nanoTime() + RECOVERY.toNanos();
    while (true) {
      try {
        return session.step(position, activations, Collections.emptySortedMap());
      } catch (NoRouteException e) {
        if (position == 0 || System.nanoTime() - deadline >= 0) {
          throw e;
        }
        log.info("{}; trying again", e.getMessage());
      }
    }
  }

  private static void report(RouteStats stats, int tokens, long nanos) {
    log.info(
        "{} tokens, {} a second; steps from peer {}, from client {}; reroutes {}, takeovers {},"
            + " replayed tokens {}",
        tokens,
        String.format(Locale.ROOT, "%.1f", tokens * 1e9 / nanos),
        stats.stepsFromPeer(),
        stats.stepsFromClient(),
        stats.reroutes(),
        stats.takeovers(),
        stats.replayedTokens());
  }
}
