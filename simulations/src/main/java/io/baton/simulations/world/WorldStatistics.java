package io.baton.simulations.world;

import io.baton.session.stage.DropReason;

/** What a world has counted so far. */
public final class WorldStatistics {

  long stageInputs;
  long routeInputs;
  long messages;
  long clientBytesSent;
  long clientBytesReceived;
  long serverBytes;
  long sessionsOpened;
  long sessionsEnded;
  long leasesEnded;
  long openingsRefused;
  long pushesShed;
  long computations;
  long computedTokens;
  final long[] drops = new long[DropReason.values().length];

  /** Inputs given to machines. */
  public long protocolEvents() {
    return stageInputs + routeInputs;
  }

  public long stageInputs() {
    return stageInputs;
  }

  public long routeInputs() {
    return routeInputs;
  }

  /** Messages sent, pushes included. */
  public long messages() {
    return messages;
  }

  public long clientBytesSent() {
    return clientBytesSent;
  }

  public long clientBytesReceived() {
    return clientBytesReceived;
  }

  /** Bytes of pushes. */
  public long serverBytes() {
    return serverBytes;
  }

  /** Sessions opened at relays: each counts once for each relay. */
  public long sessionsOpened() {
    return sessionsOpened;
  }

  /** Sessions that relays have let go of, crashes included. */
  public long sessionsEnded() {
    return sessionsEnded;
  }

  /** Sessions ended because nobody had spoken of them for the time of a lease. */
  public long leasesEnded() {
    return leasesEnded;
  }

  public long openingsRefused() {
    return openingsRefused;
  }

  /** Pushes dropped on arrival because the pool's share for pushes was full. */
  public long pushesShed() {
    return pushesShed;
  }

  public long computations() {
    return computations;
  }

  public long computedTokens() {
    return computedTokens;
  }

  /** Pushes that were not used, for one reason. */
  @SuppressWarnings("EnumOrdinal")
  public long drops(DropReason reason) {
    return drops[reason.ordinal()];
  }

  @SuppressWarnings("EnumOrdinal")
  void drop(DropReason reason) {
    drops[reason.ordinal()]++;
  }
}
