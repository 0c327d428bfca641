package io.baton.simulations.scale;

import io.baton.session.model.SessionId;
import io.baton.simulations.world.ClientNode;
import io.baton.simulations.world.RelayNode;
import io.baton.simulations.world.StageSession;
import io.baton.simulations.world.World;
import java.util.HashMap;
import java.util.Map;

/**
 * Sessions at relays with which no client is concerned any more: it is gone, or has another route.
 * Only their lease ends them.
 */
final class Orphans {

  private final ScaleObserver observer;
  private final Map<SessionId, ClientNode> clients = new HashMap<>();
  private Map<StageSession, Long> since = new HashMap<>();
  private long peak;
  private long longestNanos;

  Orphans(ScaleObserver observer) {
    this.observer = observer;
  }

  void add(ClientNode client) {
    clients.put(client.id(), client);
  }

  /** Looks at all relays, and notes for how long each orphan has been one. */
  void count(World world) {
    Map<StageSession, Long> now = new HashMap<>();
    for (RelayNode relay : world.relays()) {
      for (StageSession session : relay.sessions()) {
        if (isOrphan(session)) {
          long first = since.getOrDefault(session, world.nowNanos());
          now.put(session, first);
          longestNanos = Math.max(longestNanos, world.nowNanos() - first);
        }
      }
    }
    since = now;
    peak = Math.max(peak, now.size());
  }

  boolean isOrphan(StageSession session) {
    ClientNode client = clients.get(session.id());
    return client == null
        || !client.isUp()
        || client.isFinished()
        || !observer.isOnRoute(client, session.relay().id());
  }

  long peak() {
    return peak;
  }

  long longestNanos() {
    return longestNanos;
  }
}
