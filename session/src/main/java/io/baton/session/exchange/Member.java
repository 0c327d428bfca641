package io.baton.session.exchange;

import java.util.Optional;

/**
 * Where a member of a receiving group is.
 *
 * @param rank its number in the group, from 0
 * @param relay {@code HOST:PORT} of the relay that its readers are attached to; empty for the one
 *     that is asked
 */
public record Member(int rank, Optional<String> relay) {

  /**
   * @throws IllegalArgumentException if the rank is negative
   */
  public Member {
    if (rank < 0) {
      throw new IllegalArgumentException("a member of rank " + rank);
    }
  }

  /** A member at the relay that is asked. */
  public static Member here(int rank) {
    return new Member(rank, Optional.empty());
  }

  /** A member at another relay. */
  public static Member at(int rank, String relay) {
    return new Member(rank, Optional.of(relay));
  }
}
