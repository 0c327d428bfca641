package io.baton.simulations.scenario;

import io.baton.simulations.proxy.DelayingProxy;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * The ways to a relay that listens on this machine: one for the client, and one for the relays
 * before it, so that each can be made long or cut by itself. Any thread may call.
 */
public final class RelayWays implements AutoCloseable {

  private final Duration hopLatency;
  private final DelayingProxy ofClient;
  private final DelayingProxy ofPeers;

  private RelayWays(Duration hopLatency, DelayingProxy ofClient, DelayingProxy ofPeers) {
    this.hopLatency = hopLatency;
    this.ofClient = ofClient;
    this.ofPeers = ofPeers;
  }

  /**
   * Opens the ways to a relay.
   *
   * @param hopLatency one way, on both ways
   * @throws IOException if there is no port to listen at
   */
  public static RelayWays to(InetSocketAddress relay, Duration hopLatency) throws IOException {
    DelayingProxy ofClient = DelayingProxy.start(relay, hopLatency);
    try {
      return new RelayWays(hopLatency, ofClient, DelayingProxy.start(relay, hopLatency));
    } catch (IOException e) {
      ofClient.close();
      throw e;
    }
  }

  /** Where the client reaches the relay. */
  public InetSocketAddress forClient() {
    return ofClient.address();
  }

  /** Where other relays reach it. */
  public InetSocketAddress forPeers() {
    return ofPeers.address();
  }

  private DelayingProxy way(Link link) {
    return link.isOfClient() ? ofClient : ofPeers;
  }

  /** Makes a way longer, by nothing for its usual length. */
  void delay(Link link, Duration by) {
    way(link).delay(hopLatency.plus(by));
  }

  void cut(Link link) {
    way(link).refuse(true);
    way(link).cut();
  }

  void mend(Link link) {
    way(link).refuse(false);
  }

  /** While on, nothing gets through on either way, and nobody is told. */
  public void stall(boolean on) {
    ofClient.stall(on);
    ofPeers.stall(on);
  }

  @Override
  public void close() {
    ofClient.close();
    ofPeers.close();
  }
}
