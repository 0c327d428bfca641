package io.baton.benchmarks.soak;

import io.baton.client.sidecar.ReceiverConfig;
import io.baton.session.exchange.Destination;
import java.util.List;

/** Readers, a member of them on each of these hosts. */
record Group(Pair pair, String name, List<Integer> hosts) {

  /** As one on that host names it. */
  Destination from(int host) {
    return pair.group(name, host, hosts);
  }

  int members() {
    return hosts.size();
  }

  int host(int rank) {
    return hosts.get(rank);
  }

  ReceiverConfig receiver(int rank) {
    return ReceiverConfig.of(name, rank).withTimeout(Scene.PATIENCE);
  }
}
