package io.baton.relay;

import io.baton.session.model.SessionId;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** The sessions of a relay, at most so many. Any thread may use it. */
final class SessionTable {

  private final int capacity;
  private final Map<SessionId, RelaySession> sessions = new HashMap<>();
  private boolean shut;

  SessionTable(int capacity) {
    this.capacity = capacity;
  }

  /** What became of a request for a session. */
  sealed interface Admission {
    record Known(RelaySession session) implements Admission {}

    record Admitted(RelaySession session) implements Admission {}

    record Full(int sessions) implements Admission {}

    record Shut() implements Admission {}
  }

  synchronized Admission admit(SessionId id, Supplier<RelaySession> maker) {
    RelaySession known = sessions.get(id);
    if (known != null) {
      return new Admission.Known(known);
    }
    if (shut) {
      return new Admission.Shut();
    }
    if (sessions.size() >= capacity) {
      return new Admission.Full(sessions.size());
    }
    RelaySession session = maker.get();
    sessions.put(id, session);
    return new Admission.Admitted(session);
  }

  synchronized Optional<RelaySession> find(SessionId id) {
    return Optional.ofNullable(sessions.get(id));
  }

  synchronized void remove(RelaySession session) {
    sessions.remove(session.id(), session);
    if (sessions.isEmpty()) {
      notifyAll();
    }
  }

  /** Admits no new session from here on. */
  synchronized void shut() {
    shut = true;
  }

  synchronized boolean isShut() {
    return shut;
  }

  synchronized int size() {
    return sessions.size();
  }

  synchronized Collection<RelaySession> all() {
    return List.copyOf(sessions.values());
  }

  /** Of payloads that the sessions make the relay keep. */
  long heldBytes() {
    return all().stream().mapToLong(RelaySession::heldBytes).sum();
  }

  /** Waits until no session is left, or the time is over. */
  synchronized boolean awaitEmpty(long timeoutNanos) throws InterruptedException {
    long deadline = System.nanoTime() + timeoutNanos;
    while (!sessions.isEmpty()) {
      long left = deadline - System.nanoTime();
      if (left <= 0) {
        return false;
      }
      wait(left / 1_000_000, (int) (left % 1_000_000));
    }
    return true;
  }
}
