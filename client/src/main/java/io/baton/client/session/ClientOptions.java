package io.baton.client.session;

import io.baton.proto.codec.HostPort;
import java.time.Duration;
import java.util.List;

/**
 * How a client reaches relays.
 *
 * @param peers the relays that may be used, in the order of preference; several that serve one
 *     stage are alternatives
 * @param describeTimeout for a relay's answer to who it is and what it serves
 */
public record ClientOptions(List<HostPort> peers, Duration describeTimeout) {

  /**
   * @throws IllegalArgumentException if no relay is named
   */
  public ClientOptions {
    peers = List.copyOf(peers);
    if (peers.isEmpty()) {
      throw new IllegalArgumentException("a client needs at least one relay");
    }
  }

  public static ClientOptions of(List<HostPort> peers) {
    return new ClientOptions(peers, Duration.ofSeconds(3));
  }

  public ClientOptions withDescribeTimeout(Duration timeout) {
    return new ClientOptions(peers, timeout);
  }
}
