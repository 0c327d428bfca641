package io.baton.cli;

import io.baton.client.session.BatonClient;
import io.baton.client.session.ClientOptions;
import io.baton.client.session.InferenceSession;
import io.baton.client.session.SessionListener;
import io.baton.proto.codec.HostPort;
import io.baton.session.route.RouteConfig;
import io.baton.session.route.RouteStats;
import io.baton.stages.GreedyGeneration;
import io.baton.stages.ModelDirectory;
import io.baton.stages.ModelEnds;
import io.baton.stages.TokenText;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The client alone. */
@Command(
    name = "generate",
    description = {
      "Generate text through a chain of relays.",
      "Finds out which stage each peer serves; several that serve one stage are alternatives for failover."
    })
final class GenerateCommand implements Callable<Integer> {

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

  @Parameters(paramLabel = "PROMPT", description = "The text to continue.")
  private String prompt = "";

  @Override
  public Integer call() throws Exception {
    ModelDirectory directory = ModelDirectory.open(model);
    try (ModelEnds ends = ModelEnds.load(directory);
        BatonClient client = BatonClient.create(ClientOptions.of(peers));
        InferenceSession session =
            client.openSession(
                ChainSession.options(directory, !noPush, RouteConfig.Patience.DEFAULT),
                SessionListener.NONE)) {
      ChainSession.checkPrompt(ends, directory, prompt);
      TokenText text = ends.decoder();
      long start = System.nanoTime();
      List<Integer> tokens =
          GreedyGeneration.run(
              ends,
              directory.maxLength(),
              prompt,
              maxTokens,
              (_, activations) -> session.step(activations),
              token -> {
                if (!ends.isEnd(token)) {
                  System.out.print(text.next(token));
                  System.out.flush();
                }
              });
      System.out.println(text.finish());
      report(session.stats(), tokens.size(), System.nanoTime() - start);
      return ExitCode.OK;
    }
  }

  private static void report(RouteStats stats, int tokens, long nanos) {
    org.slf4j.LoggerFactory.getLogger("io.baton.cli")
        .info(
            "{} tokens, {} a second; steps from peer {}, from client {}; reroutes {}, replayed tokens {}",
            tokens,
            "%.1f".formatted(tokens * 1e9 / nanos),
            stats.stepsFromPeer(),
            stats.stepsFromClient(),
            stats.reroutes(),
            stats.replayedTokens());
  }
}
