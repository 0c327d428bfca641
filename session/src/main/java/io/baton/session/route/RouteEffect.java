package io.baton.session.route;

import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.Peer;
import io.baton.session.model.Refusal;
import io.baton.session.model.RelayId;
import io.baton.session.model.StageRole;
import io.baton.session.model.Step;
import io.baton.session.model.StepId;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What a client's session wants done. */
public sealed interface RouteEffect {

  /** Open the session at a stage, or announce the new epoch there. */
  record Open(Candidate relay, long epoch, int length, Set<RelayId> pushSources, StageRole role)
      implements RouteEffect {}

  /** Send a step: its payload, or its digest alone. */
  record Send(
      RelayId relay, Step step, List<Peer> nextPeers, Digest digest, Optional<Payload> payload)
      implements RouteEffect {}

  /** End the session at a relay, and drop the connection for it. */
  record CloseStage(RelayId relay) implements RouteEffect {}

  /**
   * Drop the connection to a relay that failed; the session there is left to its lease, and may be
   * asked for again.
   */
  record Disconnect(RelayId relay) implements RouteEffect {}

  /** Find out which relays can be reached; answer with {@link RouteInput.Discovered}. */
  record Discover() implements RouteEffect {}

  /** Every stage of this route is open. */
  record RouteOpened(long epoch, List<Candidate> route, String cause) implements RouteEffect {}

  /** A relay stands by for a stage of the route, and holds the first {@code length} tokens. */
  record StandbyReady(Candidate standby, int length) implements RouteEffect {}

  /** A standby is none any more. */
  record StandbyLost(Candidate standby, String cause) implements RouteEffect {}

  /** The chain's result for a request: every digest on its way has been checked. */
  record Accepted(long request, int position, Payload output) implements RouteEffect {}

  /** A request that cannot be; nothing is changed by it. */
  record Declined(long request, Refusal reason, String message) implements RouteEffect {}

  /** The session has given up; a later request tries anew. */
  record Failed(long request, RouteFailure failure) implements RouteEffect {}

  /**
   * A stage computed, or got, other bytes than the client vouches for; evidence against {@code
   * blamed}.
   */
  record MismatchSeen(RelayId stage, StepId step, Digest client, Digest other, RelayId blamed)
      implements RouteEffect {}
}
