package io.baton.simulations.scenario;

/**
 * Where messages travel in a chain: between the client and a stage, or between neighbours.
 *
 * @param from a stage, counted from 1, or 0 for the client
 * @param to the stage after it, or any stage if {@code from} is the client
 */
public record Link(int from, int to) {

  /** What a link's first end is called when it is the client. */
  public static final int CLIENT = 0;

  /**
   * @throws IllegalArgumentException if nothing travels between the two
   */
  public Link {
    if (to < 1 || (from != CLIENT && from != to - 1)) {
      throw new IllegalArgumentException(
          "nothing travels from %d to %d: name neighbours, as in 1-2, or the client, as in 0-2"
              .formatted(from, to));
    }
  }

  public boolean isOfClient() {
    return from == CLIENT;
  }

  @Override
  public String toString() {
    return from + "-" + to;
  }
}
