package io.baton.cli;

import io.baton.proto.codec.HostPort;
import io.baton.relay.Relay;
import io.baton.relay.RelayConfig;
import io.baton.transport.grpc.Endpoint;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A relay whose stage executor is a process of its own. */
@Command(
    name = "relay",
    description = "Run a relay; its stage executor attaches over a Unix-domain socket.")
final class RelayCommand implements Callable<Integer> {

  @Option(
      names = "--listen",
      required = true,
      paramLabel = "HOST:PORT",
      converter = HostPortConverter.class,
      description = "Where clients and other relays reach this one; port 0 takes a free one.")
  private HostPort listen = new HostPort("127.0.0.1", 0);

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

  RelayCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    Listening.check(listen, insecure);
    RelayConfig config = RelayConfig.of(name, new Endpoint.Tcp(listen)).withExecutorSocket(socket);
    try (StopSignal stop = StopSignal.listen(untilStdinEnds);
        Relay relay = Relay.start(config)) {
      console
          .out()
          .printf(
              "%s waits for a stage executor at %s, listens at %s%n",
              name, socket, relay.endpoint());
      stop.await();
      relay.drain(drain);
      return ExitCode.OK;
    }
  }
}
