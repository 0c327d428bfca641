package io.baton.session.model;

import java.util.List;

/**
 * A fire-and-forget transfer of one stage's output to the next.
 *
 * @param ticket the receiver's own
 * @param nextPeers the route after the receiver, head first
 */
public record Push(
    SessionId session, Ticket ticket, Step step, List<Peer> nextPeers, Payload payload) {

  public Push {
    nextPeers = List.copyOf(nextPeers);
  }
}
