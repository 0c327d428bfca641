package io.baton.cli;

import io.baton.proto.codec.HostPort;
import java.net.InetAddress;
import java.net.UnknownHostException;

/**
 * Where a relay may listen: beyond loopback only when the user has said that the network is
 * trusted.
 */
final class Listening {

  private Listening() {}

  /**
   * Checks an address that a relay is to listen at.
   *
   * @throws CommandException if others could reach it and {@code insecure} was not given
   */
  static void check(HostPort listen, boolean insecure) throws CommandException {
    if (!insecure && !isLoopback(listen)) {
      throw new CommandException(
          ExitCode.USAGE,
          "%s can be reached from other machines, and traffic is neither encrypted nor authenticated: say --insecure if"
                  .formatted(listen)
              + " you trust everyone on that network");
    }
  }

  private static boolean isLoopback(HostPort listen) throws CommandException {
    try {
      return InetAddress.getByName(listen.host()).isLoopbackAddress();
    } catch (UnknownHostException e) {
      throw new CommandException(
          ExitCode.CANNOT_LISTEN, "%s: no such host".formatted(listen.host()), e);
    }
  }
}
