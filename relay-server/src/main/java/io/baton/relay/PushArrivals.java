package io.baton.relay;

import io.baton.proto.codec.PushHead;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import io.baton.session.model.Ticket;
import io.baton.session.stage.DropReason;
import io.baton.transport.Share;
import io.baton.transport.peer.PushReceiver;
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
  public Optional<Share> wants(RelayId from, PushHead head) {
    Optional<RelaySession> session = admitted(head.session(), head.ticket());
    if (session.isPresent()
        && session
            .get()
            .config()
            .objectionTo(head.step(), head.payload().activations(), head.payload().sideSpecs())
            .isPresent()) {
      counters.drop(DropReason.BAD_TENSOR);
      return Optional.empty();
    }
    return session.map(RelaySession::role).map(Share::of);
  }

  @Override
  public void onPush(RelayId from, Push push) {
    admitted(push.session(), push.ticket()).ifPresent(session -> session.push(from, push));
  }

  private Optional<RelaySession> admitted(SessionId id, Ticket ticket) {
    Optional<RelaySession> session = sessions.find(id);
    if (session.isEmpty()) {
      counters.drop(DropReason.UNKNOWN_SESSION);
    } else if (!session.get().ticket().equals(ticket)) {
      counters.drop(DropReason.BAD_TICKET);
      return Optional.empty();
    }
    return session;
  }

  @Override
  public void onDropped(io.baton.transport.peer.DropReason reason, String detail) {
    log.debug("a push was dropped on its way in: {}: {}", reason, detail);
    counters.drop(reason);
  }
}
