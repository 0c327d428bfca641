package io.baton.cli;

import io.baton.proto.codec.HostPort;
import io.baton.relay.Relay;
import io.baton.transport.grpc.Endpoint;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;

/** What every command with a relay takes: where it listens, and how it stops. */
final class ListenOptions {

  private static final Logger log = LoggerFactory.getLogger(ListenOptions.class);

  /** How long a server may take to end when its sessions have moved on, or had their time. */
  static final Duration LEAVE = Duration.ofSeconds(5);

  private static final String LOOPBACK_NAME =
      "(?i)(.*\\.)?localhost(\\.localdomain)?|ip6-(localhost|loopback)";

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
    InetAddress[] addresses = addresses();
    // The first is the one that is listened at.
    boolean loopback = addresses[0].isLoopbackAddress();
    if (!insecure && !loopback) {
      throw new CommandException(
          ExitCode.USAGE,
          "%s can be reached from other machines, and traffic is neither encrypted nor authenticated: say --insecure if"
                  .formatted(listen)
              + " you trust everyone on that network");
    }
    if (loopback && !saysLoopback(listen.host())) {
      log.warn("{}", onlyHere(addresses));
    } else if (addresses.length > 1) {
      log.info("of {} it listens at the first", text(addresses));
    }
    return new Endpoint.Tcp(listen);
  }

  /** Whether the user trusts everybody who can reach the relay. */
  boolean trustsTheNetwork() {
    return insecure;
  }

  private InetAddress[] addresses() throws CommandException {
    try {
      return InetAddress.getAllByName(listen.host());
    } catch (UnknownHostException e) {
      throw new CommandException(
          ExitCode.CANNOT_LISTEN, "%s: no such host".formatted(listen.host()), e);
    }
  }

  /** Whether nobody who reads it would expect to reach it from elsewhere. */
  private static boolean saysLoopback(String host) {
    try {
      return host.matches(LOOPBACK_NAME) || InetAddress.ofLiteral(host).isLoopbackAddress();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** As a name of this host itself often is, by way of /etc/hosts. */
  private String onlyHere(InetAddress[] addresses) {
    return "%s is %s on this machine, which no other can reach: to be reached, listen at another of its addresses, or at 0.0.0.0"
        .formatted(listen.host(), text(addresses));
  }

  private static String text(InetAddress[] addresses) {
    return Arrays.stream(addresses)
        .map(InetAddress::getHostAddress)
        .collect(Collectors.joining(", "));
  }

  StopSignal stopSignal() {
    return StopSignal.listen(untilStdinEnds, drain.plus(LEAVE));
  }

  /** Serves until told to stop, and then lets the sessions move on. */
  void serve(Relay relay, StopSignal stop) throws InterruptedException {
    stop.await();
    relay.drain(drain);
  }
}
