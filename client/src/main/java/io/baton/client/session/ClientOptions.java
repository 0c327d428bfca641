package io.baton.client.session;

import io.baton.proto.codec.HostPort;
import io.baton.transport.LaneKind;
import io.baton.transport.pinned.PoolConfig;
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
 * @param poolBytes of shared memory for what goes to relays other than in messages; 0 for none
 * @param lanes by which payloads may travel: {@link LaneKind#UCX} is for relays among themselves
 */
public record ClientOptions(
    List<HostPort> peers,
    Duration describeTimeout,
    Map<HostPort, HostPort> detours,
    long poolBytes,
    List<LaneKind> lanes) {

  public static final long DEFAULT_POOL_BYTES = 16L << 20;

  /**
   * @throws IllegalArgumentException if no relay is named, the pool is too small to be one, or UCX
   *     is among the lanes
   */
  public ClientOptions {
    peers = List.copyOf(peers);
    detours = Map.copyOf(detours);
    lanes = List.copyOf(lanes);
    if (peers.isEmpty()) {
      throw new IllegalArgumentException("a client needs at least one relay");
    }
    if (lanes.contains(LaneKind.UCX)) {
      throw new IllegalArgumentException("UCX is for relays among themselves, not for clients");
    }
    if (poolBytes != 0 && poolBytes < PoolConfig.MIN_BYTES) {
      throw new IllegalArgumentException("a pool of %d bytes".formatted(poolBytes));
    }
  }

  public static ClientOptions of(List<HostPort> peers) {
    return new ClientOptions(
        peers,
        Duration.ofSeconds(3),
        Map.of(),
        DEFAULT_POOL_BYTES,
        List.of(LaneKind.LOCAL, LaneKind.GRPC));
  }

  public ClientOptions withDescribeTimeout(Duration timeout) {
    return new ClientOptions(peers, timeout, detours, poolBytes, lanes);
  }

  /**
   * For a client that reaches relays on other ways than they reach each other.
   *
   * @param addresses for each relay that has one, where this client reaches it
   */
  public ClientOptions withDetours(Map<HostPort, HostPort> addresses) {
    return new ClientOptions(peers, describeTimeout, addresses, poolBytes, lanes);
  }

  public ClientOptions withPoolBytes(long bytes) {
    return new ClientOptions(peers, describeTimeout, detours, bytes, lanes);
  }

  public ClientOptions withLanes(List<LaneKind> allowed) {
    return new ClientOptions(peers, describeTimeout, detours, poolBytes, allowed);
  }
}
