package io.baton.session.model;

import java.util.Optional;

/**
 * A relay as the target of a push.
 *
 * @param address HOST:PORT
 * @param ticket issued by that relay for the session
 * @param standby another relay that gets the same push, to absorb it
 */
public record Peer(RelayId relay, String address, Ticket ticket, Optional<Peer> standby) {

  /**
   * @throws IllegalArgumentException if the standby has a standby of its own
   */
  public Peer {
    if (standby.isPresent() && standby.get().standby().isPresent()) {
      throw new IllegalArgumentException("a standby has no standby: " + standby.get().relay());
    }
  }

  /** A peer that nobody stands by for. */
  public Peer(RelayId relay, String address, Ticket ticket) {
    this(relay, address, ticket, Optional.empty());
  }

  public Peer withStandby(Peer standingBy) {
    return new Peer(relay, address, ticket, Optional.of(standingBy));
  }
}
