package io.baton.relay;

import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import io.baton.session.model.StageRole;
import io.baton.session.stage.DropReason;
import io.baton.transport.lane.PushReceiver;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings pushes to their sessions; what has no session or no valid ticket vanishes, and is counted.
 */
final class PushArrivals implements PushReceiver {

  private static final Logger log = LoggerFactory.getLogger(PushArrivals.class);

  private final SessionTable sessions;
  private final RelayCounters counters;

  PushArrivals(SessionTable sessions, RelayCounters counters) {
    this.sessions = sessions;
    this.counters = counters;
  }

  @Override
  public StageRole role(SessionId session) {
    return sessions.find(session).map(RelaySession::role).orElse(StageRole.ACTIVE);
  }

  @Override
  public void onPush(RelayId from, Push push) {
    Optional<RelaySession> session = sessions.find(push.session());
    if (session.isEmpty()) {
      counters.drop(DropReason.UNKNOWN_SESSION);
    } else if (!session.get().ticket().equals(push.ticket())) {
      counters.drop(DropReason.BAD_TICKET);
    } else {
      session.get().push(from, push);
    }
  }

  @Override
  public void onDropped(io.baton.transport.lane.DropReason reason, String detail) {
    log.debug("a push was dropped on its way in: {}: {}", reason, detail);
    counters.drop(reason);
  }
}
