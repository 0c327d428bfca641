package io.baton.relay;

import io.baton.session.model.Proof;
import io.baton.session.model.Refusal;
import io.baton.session.model.SessionId;
import io.baton.session.stage.OpeningRules;
import io.baton.session.stage.OpeningRules.Verdict;
import io.baton.transport.grpc.Caller;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;

/** The sessions of a relay, as many as its rules allow. Any thread may use it. */
final class SessionTable {

  private final OpeningRules rules;
  private final Map<SessionId, RelaySession> sessions = new HashMap<>();
  private boolean shut;

  SessionTable(OpeningRules rules) {
    this.rules = rules;
  }

  /** What became of a request for a session. */
  sealed interface Admission {
    record Known(RelaySession session) implements Admission {}

    record Admitted(RelaySession session) implements Admission {}

    record Refused(Refusal reason, String message) implements Admission {}
  }

  /** Decides on a request of that client, who shows that proof. */
  synchronized Admission admit(
      SessionId id, Proof proof, Caller caller, Supplier<RelaySession> maker) {
    RelaySession known = sessions.get(id);
    OpeningRules.Occupancy occupancy =
        new OpeningRules.Occupancy(
            Optional.ofNullable(known).map(RelaySession::seal),
            sessions.size(),
            (int) sessions.values().stream().filter(s -> s.caller().equals(caller)).count(),
            shut);
    return switch (rules.judge(proof, occupancy)) {
      case Verdict.Again() -> new Admission.Known(Objects.requireNonNull(known));
      case Verdict.New() -> {
        RelaySession session = maker.get();
        sessions.put(id, session);
        yield new Admission.Admitted(session);
      }
      case Verdict.Refused(Refusal reason, String message) ->
          new Admission.Refused(reason, message);
    };
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
