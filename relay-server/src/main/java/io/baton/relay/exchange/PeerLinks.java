package io.baton.relay.exchange;

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

  private static final class Kept {
    final PeerLink link;
    int users;

    Kept(PeerLink link) {
      this.link = link;
    }
  }

  private final LinkHost host;
  private final LinkConfig config;
  private final LinkListener listener;
  private final RandomGenerator random;
  private final SortedMap<String, Kept> links = new TreeMap<>();

  PeerLinks(LinkHost host, LinkConfig config, LinkListener listener, RandomGenerator random) {
    this.host = host;
    this.config = config;
    this.listener = listener;
    this.random = random;
  }

  /** The link to that address, to be {@linkplain #leave left} when it is no longer used. */
  Optional<PeerLink> use(String address) {
    Kept kept = links.get(address);
    if (kept == null) {
      if (links.size() >= MAX_LINKS && !closeUnused()) {
        return Optional.empty();
      }
      kept = new Kept(PeerLink.open(address, host, config, listener, random));
      links.put(address, kept);
    }
    kept.users++;
    return Optional.of(kept.link);
  }

  void leave(PeerLink link) {
    Kept kept = links.get(link.address());
    if (kept != null && kept.link == link) {
      kept.users--;
    }
  }

  Collection<PeerLink> open() {
    return links.values().stream().map(kept -> kept.link).toList();
  }

  void close() {
    links.values().forEach(kept -> kept.link.close());
    links.clear();
  }

  private boolean closeUnused() {
    return links
        .values()
        .removeIf(
            kept -> {
              if (kept.users == 0) {
                kept.link.close();
              }
              return kept.users == 0;
            });
  }
}
