package io.baton.cli;

import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.transport.grpc.Endpoint;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A relay whose stage executor is a process of its own. */
@Command(
    name = "relay",
    description = "Run a relay; its stage executor attaches over a Unix-domain socket.")
final class RelayCommand implements Callable<Integer> {

  @Mixin private ListenOptions listen = new ListenOptions();

  @Mixin private DataPlaneOptions dataPlane = new DataPlaneOptions();

  @Mixin private LimitOptions limits = new LimitOptions();

  @Option(
      names = "--socket",
      required = true,
      paramLabel = "PATH",
      converter = SocketConverter.class,
      description = "The socket for `baton stage`; only this user may connect.")
  private Endpoint.Unix socket = new Endpoint.Unix(Path.of("baton.sock"));

  @Option(
      names = "--name",
      paramLabel = "NAME",
      defaultValue = "relay",
      description = "Name of the relay (default: ${DEFAULT-VALUE}).")
  private String name = "relay";

  private final Console console;

  RelayCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    RelayConfig config =
        RelayConfig.of(name, listen.endpoint())
            .withProcessSocket(socket)
            .withDataPlane(dataPlane.dataPlane(listen.trustsTheNetwork()))
            .withLimits(limits.of(RelayConfig.Limits.DEFAULT));
    try (StopSignal stop = listen.stopSignal();
        Relay relay = Relay.start(config)) {
      console
          .out()
          .printf(
              "%s waits for a stage executor at %s, listens at %s%n",
              name, socket, relay.endpoint());
      listen.serve(relay, stop);
      return ExitCode.OK;
    }
  }
}
