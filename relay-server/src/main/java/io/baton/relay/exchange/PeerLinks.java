package io.baton.relay.exchange;

import io.baton.session.exchange.Failure;
import io.baton.transport.exchange.LinkConfig;
import io.baton.transport.exchange.LinkHost;
import io.baton.transport.exchange.LinkListener;
import io.baton.transport.exchange.PeerLink;
import java.util.Collection;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.random.RandomGenerator;

/**
 * The links to other relays, one for each address, opened when it is first needed and kept while it
 * is used now and then. Addresses come from senders, so there is a bound on them. To be used in the
 * loop alone.
 */
final class PeerLinks {

  private static final int MAX_LINKS = 256;

  /** What came of looking for a link. */
  sealed interface Way {

    record To(PeerTraffic peer) implements Way {}

    record None(Failure why) implements Way {}
  }

  private final LinkHost host;
  private final LinkConfig config;
  private final LinkListener listener;
  private final RandomGenerator random;
  private final SortedMap<String, PeerTraffic> peers = new TreeMap<>();

  PeerLinks(LinkHost host, LinkConfig config, LinkListener listener, RandomGenerator random) {
    this.host = host;
    this.config = config;
    this.listener = listener;
    this.random = random;
  }

  /** The way to that address, which stays for as long as something is under way on it. */
  Way to(String address) {
    PeerTraffic known = peers.get(address);
    if (known != null) {
      return new Way.To(known);
    }
    if (peers.size() >= MAX_LINKS && !closeUnused()) {
      return new Way.None(
          new Failure(
              Failure.Reason.RESOURCE_EXHAUSTED,
              "%d relays are being sent to already".formatted(peers.size())));
    }
    try {
      PeerTraffic peer = new PeerTraffic(PeerLink.open(address, host, config, listener, random));
      peers.put(address, peer);
      return new Way.To(peer);
    } catch (IllegalArgumentException e) {
      return new Way.None(
          new Failure(Failure.Reason.INVALID_ARGUMENT, String.valueOf(e.getMessage())));
    }
  }

  /** What is under way on that link, if it is still kept. */
  Optional<PeerTraffic> of(PeerLink link) {
    return Optional.ofNullable(peers.get(link.address())).filter(peer -> peer.link() == link);
  }

  Collection<PeerLink> open() {
    return peers.values().stream().map(PeerTraffic::link).toList();
  }

  void close() {
    peers.values().forEach(peer -> peer.link().close());
    peers.clear();
  }

  private boolean closeUnused() {
    return peers
        .values()
        .removeIf(
            peer -> {
              if (peer.isUnused()) {
                peer.link().close();
              }
              return peer.isUnused();
            });
  }
}
