package io.baton.simulations.world;

/** The links of a world. Asked anew for every message, so what it says may change. */
@FunctionalInterface
public interface LinkModel {

  LinkProfile between(Node from, Node to);

  /** The same everywhere. */
  static LinkModel uniform(LinkProfile profile) {
    return (_, _) -> profile;
  }
}
