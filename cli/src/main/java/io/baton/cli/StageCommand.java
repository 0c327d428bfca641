package io.baton.cli;

import io.baton.client.stage.ExecutorAttachment;
import io.baton.client.stage.StageHarness;
import io.baton.stages.JlamaStageExecutor;
import io.baton.transport.grpc.Endpoint;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A stage executor that attaches to a relay of another process. */
@Command(
    name = "stage",
    description =
        "Run one stage of a model and attach it to a relay on this host; attaches again when the"
            + " relay restarts.")
final class StageCommand implements Callable<Integer> {

  @Option(
      names = "--relay",
      required = true,
      paramLabel = "unix:PATH",
      converter = SocketConverter.class,
      description = "The relay's --socket.")
  private Endpoint.Unix relay = new Endpoint.Unix(Path.of("baton.sock"));

  @Mixin private StageOptions stage = new StageOptions();

  @Option(names = "--until-stdin-ends", hidden = true)
  private boolean untilStdinEnds;

  private final Console console;

  StageCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    try (StopSignal stop = StopSignal.listen(untilStdinEnds, ListenOptions.LEAVE);
        JlamaStageExecutor executor = stage.load();
        StageHarness harness = StageHarness.start(executor, stage.name());
        ExecutorAttachment attachment = ExecutorAttachment.start(harness, relay)) {
      String what = stage.describe(executor);
      console.out().printf("%s attaches to %s%n", what, relay);
      var _ =
          attachment
              .attached()
              .thenRun(() -> console.tell("%s is attached to %s%n".formatted(what, relay)));
      stop.await();
      return ExitCode.OK;
    }
  }
}
