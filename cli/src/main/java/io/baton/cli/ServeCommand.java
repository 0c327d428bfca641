package io.baton.cli;

import io.baton.client.stage.StageHarness;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.stages.JlamaStageExecutor;
import io.baton.transport.pinned.PoolException;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A relay with its stage executor inside. */
@Command(
    name = "serve",
    description = "Serve one stage of a model: a relay with the stage's executor inside.")
final class ServeCommand implements Callable<Integer> {

  @Mixin private StageOptions stage = new StageOptions();

  @Mixin private ListenOptions listen = new ListenOptions();

  @Mixin private DataPlaneOptions dataPlane = new DataPlaneOptions();

  @Mixin private LimitOptions limits = new LimitOptions();

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "Name of the relay (default: stage-I).")
  private @Nullable String name;

  private final Console console;

  ServeCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    String relayName = name == null ? stage.name() : name;
    RelayConfig config = config(relayName);
    try (StopSignal stop = listen.stopSignal();
        JlamaStageExecutor executor = stage.load();
        StageHarness harness = StageHarness.start(executor, relayName);
        Relay relay = Relay.start(config)) {
      relay.attach(harness);
      console
          .out()
          .printf("%s serves %s at %s%n", relayName, stage.describe(executor), relay.endpoint());
      listen.serve(relay, stop);
      return ExitCode.OK;
    }
  }

  private RelayConfig config(String relayName) throws CommandException, PoolException {
    RelayConfig config =
        RelayConfig.of(relayName, listen.endpoint())
            .withDataPlane(dataPlane.dataPlane(listen.trustsTheNetwork()));
    return config.withLimits(limits.of(config.limits()).withSessions(stage.sessions()));
  }
}
