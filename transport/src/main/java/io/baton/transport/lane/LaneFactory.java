package io.baton.transport.lane;

/** Opens lanes: the one place that decides by what means a peer is reached. */
@FunctionalInterface
public interface LaneFactory {

  /**
   * Begins to connect and returns without waiting for it.
   *
   * @param address as the peer gave it: HOST:PORT
   * @throws IllegalArgumentException if that is no address
   */
  Lane open(String address);
}
