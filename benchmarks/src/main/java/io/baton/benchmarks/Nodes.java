package io.baton.benchmarks;

/** The kinds of nodes, by the names under which another process makes them. */
enum Nodes {
  ENGINE,
  BARE,
  LINK;

  /**
   * Makes one.
   *
   * @param transports of UCX
   * @param rendezvousBytes from which size on UCX fetches bodies; 0 leaves that to it
   */
  Node make(String transports, long rendezvousBytes) {
    return switch (this) {
      case ENGINE -> new EngineNode(transports, rendezvousBytes);
      case BARE -> new BareNode(transports, rendezvousBytes);
      case LINK -> new LinkNode(transports);
    };
  }
}
