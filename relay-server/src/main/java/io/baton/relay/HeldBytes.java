package io.baton.relay;

import io.baton.session.model.SessionId;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Bytes of payload that each session makes the relay keep. Bounded by the number of sessions. */
final class HeldBytes {

  private final Map<SessionId, Long> bySession = new ConcurrentHashMap<>();

  void add(SessionId session, long bytes) {
    bySession.put(session, bytes);
  }

  void remove(SessionId session) {
    bySession.remove(session);
  }

  long total() {
    return bySession.values().stream().mapToLong(Long::longValue).sum();
  }
}
