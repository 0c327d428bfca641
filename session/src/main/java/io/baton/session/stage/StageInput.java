package io.baton.session.stage;

import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.Peer;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.session.model.StageRole;
import io.baton.session.model.Step;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What can happen to a session at a stage. */
public sealed interface StageInput {

  /**
   * The client opens the session or announces a new epoch.
   *
   * @param length the session's length as the client has it; what the stage holds beyond becomes
   *     provisional
   * @param pushSources the relays that may push into this stage
   * @param role the part that the stage takes in this epoch
   */
  record Announce(long epoch, int length, Set<RelayId> pushSources, StageRole role)
      implements StageInput {
    public Announce {
      pushSources = Set.copyOf(pushSources);
    }
  }

  /**
   * The client's arrival: the payload, or its digest alone.
   *
   * @param digest the payload's, in either case
   */
  record ClientStep(Step step, List<Peer> nextPeers, Digest digest, Optional<Payload> payload)
      implements StageInput {
    public ClientStep {
      nextPeers = List.copyOf(nextPeers);
    }
  }

  /** A peer's arrival, its ticket already checked. */
  record PeerPush(RelayId from, Push push) implements StageInput {}

  /**
   * The executor has finished a computation.
   *
   * @param computeNanos the time it took in the executor
   */
  record Computed(long command, Payload output, long computeNanos) implements StageInput {}

  /** The executor could not compute, and holds the tokens that it held before. */
  record ComputeFailed(long command, String message) implements StageInput {}

  /**
   * What a client or a peer brings, and the relay has no room for: see {@link HeldRules}.
   *
   * @param refused an announcement, a step or a push
   */
  record NoRoom(StageInput refused) implements StageInput {}

  /**
   * The executor works, on this computation or on what comes before it.
   *
   * @param workLeft until it is done, those of what comes before it included
   */
  record Working(long command, long workLeft) implements StageInput {}

  /** A deadline may have passed. */
  record Tick() implements StageInput {}
}
