package io.baton.cli;

import io.baton.proto.codec.HostPort;
import io.baton.relay.Relay;
import io.baton.transport.grpc.Endpoint;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import picocli.CommandLine.Option;

/** What every command with a relay takes: where it listens, and how it stops. */
final class ListenOptions {

  @Option(
      names = "--listen",
      required = true,
      paramLabel = "HOST:PORT",
      converter = HostPortConverter.class,
      description = "Where clients and other relays reach this one; port 0 takes a free one.")
  private HostPort listen = new HostPort("127.0.0.1", 0);

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

  /**
   * Where to listen: beyond loopback only when the user has said that the network is trusted.
   *
   * @throws CommandException if others could reach the address and {@code --insecure} was not given
   */
  Endpoint endpoint() throws CommandException {
    if (!insecure && !isLoopback()) {
      throw new CommandException(
          ExitCode.USAGE,
          "%s can be reached from other machines, and traffic is neither encrypted nor authenticated: say --insecure if"
                  .formatted(listen)
              + " you trust everyone on that network");
    }
    return new Endpoint.Tcp(listen);
  }

  private boolean isLoopback() throws CommandException {
    try {
      return InetAddress.getByName(listen.host()).isLoopbackAddress();
    } catch (UnknownHostException e) {
      throw new CommandException(
          ExitCode.CANNOT_LISTEN, "%s: no such host".formatted(listen.host()), e);
    }
  }

  StopSignal stopSignal() {
    return StopSignal.listen(untilStdinEnds);
  }

  /** Serves until told to stop, and then lets the sessions move on. */
  void serve(Relay relay, StopSignal stop) throws InterruptedException {
    stop.await();
    relay.drain(drain);
  }
}
