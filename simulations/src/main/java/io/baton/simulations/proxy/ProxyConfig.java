package io.baton.simulations.proxy;

import java.time.Duration;

/**
 * What a proxy does to the connections through it.
 *
 * @param oneWayDelay of every byte, in each direction
 * @param maxInFlightBytes that a connection may have on their way in one direction; then the proxy
 *     stops reading, as a sender's window would make it stop
 * @param maxConnections at once; more are reset
 */
public record ProxyConfig(Duration oneWayDelay, int maxInFlightBytes, int maxConnections) {

  /** Enough to carry 1 GB/s over a delay of 25 ms. */
  public static final int DEFAULT_IN_FLIGHT_BYTES = 32 << 20;

  public static final int DEFAULT_CONNECTIONS = 256;

  /**
   * @throws IllegalArgumentException if the delay is negative or a bound less than 1
   */
  public ProxyConfig {
    if (oneWayDelay.isNegative() || maxInFlightBytes < 1 || maxConnections < 1) {
      throw new IllegalArgumentException(
          "delay %s, %d bytes in flight, %d connections"
              .formatted(oneWayDelay, maxInFlightBytes, maxConnections));
    }
  }

  public static ProxyConfig delay(Duration oneWay) {
    return new ProxyConfig(oneWay, DEFAULT_IN_FLIGHT_BYTES, DEFAULT_CONNECTIONS);
  }
}
