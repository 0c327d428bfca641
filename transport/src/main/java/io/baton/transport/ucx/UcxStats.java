package io.baton.transport.ucx;

import java.util.Map;

/**
 * What an engine has done since it was started.
 *
 * @param sent messages that UCX has no more need of
 * @param sentBytes of their bodies
 * @param sendsFailed messages accepted and not sent
 * @param received messages whose bodies are in their landings
 * @param receivedBytes of their bodies
 * @param dropped messages that arrived and went nowhere; every reason has a number
 * @param completionsFailed completions and listeners that threw
 * @param connections that are open or closing
 * @param connectionsLost that ended without having been closed
 * @param wakeUps times that the progress thread slept
 */
public record UcxStats(
    long sent,
    long sentBytes,
    long sendsFailed,
    long received,
    long receivedBytes,
    Map<DropReason, Long> dropped,
    long completionsFailed,
    int connections,
    long connectionsLost,
    long wakeUps) {

  public UcxStats {
    dropped = Map.copyOf(dropped);
  }

  public long allDropped() {
    return dropped.values().stream().mapToLong(Long::longValue).sum();
  }
}
