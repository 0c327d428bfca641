package io.baton.cli;

import io.baton.client.stage.StageHarness;
import io.baton.proto.codec.HostPort;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.stages.JlamaStageExecutor;
import io.baton.stages.ModelDirectory;
import io.baton.transport.grpc.Endpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A relay with its stage executor inside. */
@Command(
    name = "serve",
    description = "Serve one stage of a model: a relay with the stage's executor inside.")
final class ServeCommand implements Callable<Integer> {

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
      names = "--listen",
      required = true,
      paramLabel = "HOST:PORT",
      converter = HostPortConverter.class,
      description = "Where clients and other relays reach this one; port 0 takes a free one.")
  private HostPort listen = new HostPort("127.0.0.1", 0);

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "Name of the relay (default: stage-I).")
  private @Nullable String name;

  @Option(
      names = "--sessions",
      paramLabel = "N",
      defaultValue = "64",
      description = "The most sessions at a time (default: ${DEFAULT-VALUE}).")
  private int sessions;

  @Option(
      names = "--drain",
      paramLabel = "TIME",
      defaultValue = "10s",
      converter = DurationConverter.class,
      description = "How long sessions may go on after SIGTERM (default: ${DEFAULT-VALUE}).")
  private Duration drain = Duration.ofSeconds(10);

  @Option(
      names = "--insecure",
      description = "Listen beyond loopback without encryption or authentication.")
  private boolean insecure;

  @Option(names = "--until-stdin-ends", hidden = true)
  private boolean untilStdinEnds;

  private final Console console;

  ServeCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    Listening.check(listen, insecure);
    Checks.positive("--sessions", sessions);
    ModelDirectory directory = ModelDirectory.open(model);
    share.checkDivides(directory);
    String relayName = name == null ? "stage-" + share.index() : name;
    try (StopSignal stop = StopSignal.listen(untilStdinEnds);
        JlamaStageExecutor executor =
            JlamaStageExecutor.load(directory, share.index(), share.count(), sessions);
        StageHarness harness = StageHarness.start(executor, relayName);
        Relay relay = Relay.start(config(relayName))) {
      relay.attach(harness);
      console
          .out()
          .printf(
              "%s serves stage %s (%s) of %s at %s%n",
              relayName, share, executor.info().span(), directory.modelId(), relay.endpoint());
      stop.await();
      relay.drain(drain);
      return ExitCode.OK;
    }
  }

  private RelayConfig config(String relayName) {
    RelayConfig.Limits limits = RelayConfig.Limits.DEFAULT;
    return RelayConfig.of(relayName, new Endpoint.Tcp(listen))
        .withLimits(
            new RelayConfig.Limits(
                sessions, limits.lease(), limits.payloadBytes(), limits.stage()));
  }
}
