package io.baton.relay.exchange;

import io.baton.transport.peer.PeerConnection;
import io.baton.transport.peer.PeerLink;
import io.baton.transport.pinned.Slot;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.SequencedSet;
import org.jspecify.annotations.Nullable;

/**
 * What is under way to one other relay. An answer can name nothing else, so that no relay can
 * answer for another; and it counts only on the connection that there is. To be used in the loop
 * alone.
 */
final class PeerTraffic {

  private final PeerLink link;

  /** What is sent, by its number. */
  final Map<Long, Sendings.Pending> transfers = new LinkedHashMap<>();

  /** Slots that the peer reads where they are, by the number of what was sent. */
  final Map<Long, Slot> shared = new HashMap<>();

  /** Numbers of what has not been offered because too much waits to be sent; oldest first. */
  final SequencedSet<Long> held = new LinkedHashSet<>();

  /** The one on which everything is said now; null while there is none. */
  @Nullable PeerConnection connection;

  /** That what is held is being offered just now. */
  boolean offeringHeld;

  /** Of the heap, for what is said to this peer. */
  long heapBytes;

  PeerTraffic(PeerLink link) {
    this.link = link;
    this.connection = link.ready().orElse(null);
  }

  PeerLink link() {
    return link;
  }

  /** Why there is no connection. */
  String whyLost() {
    return link.lastFailure().orElse("the connection is being made");
  }

  boolean isUnused() {
    return transfers.isEmpty() && shared.isEmpty();
  }
}
