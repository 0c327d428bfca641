package io.baton.relay.exchange;

import io.baton.session.exchange.Failure;
import io.baton.transport.peer.PeerConnection;
import io.baton.transport.peer.PeerLink;
import io.baton.transport.peer.PeerLinks;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What is under way to other relays, by their addresses. Its links are held for as long as there is
 * something. To be used in the loop alone.
 */
final class Traffic {

  /** What came of looking for a link. */
  sealed interface Way {

    record To(PeerTraffic peer) implements Way {}

    record None(Failure why) implements Way {}
  }

  private final PeerLinks links;
  private final SortedMap<String, PeerTraffic> peers = new TreeMap<>();

  Traffic(PeerLinks links) {
    this.links = links;
  }

  /** The way to that address, which stays for as long as something is under way on it. */
  Way to(String address) {
    PeerTraffic known = peers.get(address);
    if (known != null) {
      return new Way.To(known);
    }
    try {
      Optional<PeerLink> link = links.hold(address);
      if (link.isEmpty()) {
        return new Way.None(
            new Failure(
                Failure.Reason.RESOURCE_EXHAUSTED, "too many other relays are being sent to"));
      }
      PeerTraffic peer = new PeerTraffic(link.get());
      peers.put(address, peer);
      return new Way.To(peer);
    } catch (IllegalArgumentException e) {
      return new Way.None(
          new Failure(Failure.Reason.INVALID_ARGUMENT, String.valueOf(e.getMessage())));
    }
  }

  /** What is under way on the link of that connection, if anything is. */
  Optional<PeerTraffic> of(PeerConnection connection) {
    PeerLink link = connection.link();
    return Optional.ofNullable(peers.get(link.address())).filter(peer -> peer.link() == link);
  }

  /** Lets go of links on which nothing is under way. */
  void maintain() {
    peers
        .values()
        .removeIf(
            peer -> {
              boolean unused = peer.isUnused();
              if (unused) {
                links.letGo(peer.link());
              }
              return unused;
            });
  }
}
