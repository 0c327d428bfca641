package io.baton.session.route;

import java.util.List;

/**
 * Why no route could be had.
 *
 * @param message one sentence
 * @param tried the relays that failed and why each did, latest last
 */
public record RouteFailure(String message, List<Tried> tried) {

  /** A relay that was tried in vain. */
  public record Tried(Candidate relay, String cause) {
    @Override
    public String toString() {
      return relay + ": " + cause;
    }
  }

  public RouteFailure {
    tried = List.copyOf(tried);
  }
}
