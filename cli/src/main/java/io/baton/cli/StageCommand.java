package io.baton.cli;

import io.baton.client.stage.ExecutorAttachment;
import io.baton.client.stage.StageHarness;
import io.baton.stages.JlamaStageExecutor;
import io.baton.stages.ModelDirectory;
import io.baton.transport.grpc.Endpoint;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A stage executor that attaches to a relay of another process. */
@Command(
    name = "stage",
    description =
        "Run one stage of a model and attach it to a relay on this host; attaches again when the relay restarts.")
final class StageCommand implements Callable<Integer> {

  @Option(
      names = "--relay",
      required = true,
      paramLabel = "unix:PATH",
      converter = SocketConverter.class,
      description = "The relay's --socket.")
  private Endpoint.Unix relay = new Endpoint.Unix(Path.of("baton.sock"));

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "Model directory (Hugging Face layout).")
  private Path model = Path.of(".");

  @Option(
      names = "--stage",
      required = true,
      paramLabel = "I/N",
      converter = StageShare.Converter.class,
      description = "The share of the layers to run: the I-th of N equal ones.")
  private StageShare share = new StageShare(1, 1);

  @Option(
      names = "--sessions",
      paramLabel = "N",
      defaultValue = "64",
      description = "The most sessions at a time (default: ${DEFAULT-VALUE}).")
  private int sessions;

  @Option(names = "--until-stdin-ends", hidden = true)
  private boolean untilStdinEnds;

  private final Console console;

  StageCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    Checks.positive("--sessions", sessions);
    ModelDirectory directory = ModelDirectory.open(model);
    share.checkDivides(directory);
    try (StopSignal stop = StopSignal.listen(untilStdinEnds);
        JlamaStageExecutor executor =
            JlamaStageExecutor.load(directory, share.index(), share.count(), sessions);
        StageHarness harness = StageHarness.start(executor, "stage-" + share.index());
        ExecutorAttachment attachment = ExecutorAttachment.start(harness, relay)) {
      String stage =
          "stage %s (%s) of %s".formatted(share, executor.info().span(), directory.modelId());
      console.out().printf("%s attaches to %s%n", stage, relay);
      var _ =
          attachment
              .attached()
              .thenRun(() -> console.out().printf("%s is attached to %s%n", stage, relay));
      stop.await();
      return ExitCode.OK;
    }
  }
}
