package io.baton.relay.exchange;

import io.baton.session.exchange.Failure;
import io.baton.transport.pinned.Admission;
import io.baton.transport.pinned.PoolRules;
import io.baton.transport.pinned.PoolUse;

/**
 * Room on the heap for what is being said to other relays: small chunks, and what is said of all.
 * One peer gets at most four times what it leaves free, as a holder of the pool does, so that one
 * that cannot be reached leaves room for what is said to others. To be used in the loop alone.
 */
final class SendRoom {

  private static final PoolRules RULES = new PoolRules(1, 4);

  private final long capacity;
  private long used;

  SendRoom(long capacity) {
    this.capacity = capacity;
  }

  long used() {
    return used;
  }

  /**
   * Takes room for something that is said to a peer, or answers false.
   *
   * @param forPeer bytes of it
   * @param more part of them that has not been taken for the same message to another peer
   */
  boolean tryTake(PeerTraffic peer, long forPeer, long more) {
    PoolRules.Held held = new PoolRules.Held(capacity, used, 0, peer.heapBytes);
    if (RULES.judge(PoolUse.FILLING, forPeer, held) != Admission.ADMITTED) {
      return false;
    }
    peer.heapBytes += forPeer;
    used += more;
    return true;
  }

  /** To be called once all that one message took is no longer needed; peers see to their own. */
  void giveBack(long bytes) {
    used -= bytes;
  }

  /** Why there is nothing to be had for that peer. */
  Failure full(PeerTraffic peer) {
    return new Failure(
        Failure.Reason.RESOURCE_EXHAUSTED,
        "what waits to be said to it takes %d bytes, and to all relays %d of %d"
            .formatted(peer.heapBytes, used, capacity));
  }
}
