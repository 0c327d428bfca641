package io.baton.benchmarks;

/** The kinds of nodes, by the names under which another process makes them. */
enum Nodes {
  ENGINE,
  BARE,
  LINK;

  Node make(Setup setup) {
    return switch (this) {
      case ENGINE -> new EngineNode(setup);
      case BARE -> new BareNode(setup);
      case LINK -> new LinkNode(setup);
    };
  }
}
