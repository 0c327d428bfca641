package io.baton.client.session;

import io.baton.proto.codec.HostPort;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * How a client reaches relays.
 *
 * @param peers the relays that may be used, in the order of preference; several that serve one
 *     stage are alternatives
 * @param describeTimeout for a relay's answer to who it is and what it serves
 * @param detours relays that this client reaches at another address than other relays do
 */
public record ClientOptions(
    List<HostPort> peers, Duration describeTimeout, Map<HostPort, HostPort> detours) {

  /**
   * @throws IllegalArgumentException if no relay is named
   */
  public ClientOptions {
    peers = List.copyOf(peers);
    detours = Map.copyOf(detours);
    if (peers.isEmpty()) {
      throw new IllegalArgumentException("a client needs at least one relay");
    }
  }

  public static ClientOptions of(List<HostPort> peers) {
    return new ClientOptions(peers, Duration.ofSeconds(3), Map.of());
  }

  public ClientOptions withDescribeTimeout(Duration timeout) {
    return new ClientOptions(peers, timeout, detours);
  }

  /**
   * For a client that reaches relays on other ways than they reach each other.
   *
   * @param addresses for each relay that has one, where this client reaches it
   */
  public ClientOptions withDetours(Map<HostPort, HostPort> addresses) {
    return new ClientOptions(peers, describeTimeout, addresses);
  }
}
