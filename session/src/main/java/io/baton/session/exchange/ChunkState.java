package io.baton.session.exchange;

import java.util.HashSet;
import java.util.Set;

/** A chunk of a datum, at the relay of its readers. */
sealed interface ChunkState {

  Origin origin();

  /**
   * It is here.
   *
   * @param holders registrations of the readers that have received it and are not done with it
   * @param owed ranks of the members that are not done with it
   * @param received those of them that have received it
   */
  record Here(Origin origin, Set<Long> holders, Set<Integer> owed, Set<Integer> received)
      implements ChunkState {

    public Here {
      holders = Set.copyOf(holders);
      owed = Set.copyOf(owed);
      received = Set.copyOf(received);
    }

    static Here arrived(Origin origin, Set<Integer> ranks) {
      return new Here(origin, Set.of(), ranks, Set.of());
    }

    Standing standing() {
      if (!holders.isEmpty()) {
        return Standing.IN_USE;
      }
      return owed.isEmpty() ? Standing.DONE : Standing.UNCLAIMED;
    }

    Here heldBy(Reader reader) {
      return new Here(
          origin,
          with(holders, reader.registration()),
          owed,
          owed.contains(reader.rank()) ? with(received, reader.rank()) : received);
    }

    /** No longer held by that reader, which may come back for it. */
    Here without(long registration) {
      return new Here(origin, without(holders, registration), owed, received);
    }

    /**
     * That reader is done, and so is its member. If the member has never received this chunk, the
     * word is about another that once had its number.
     */
    Here doneBy(Reader reader) {
      Here free = without(reader.registration());
      return received.contains(reader.rank())
          ? new Here(
              origin, free.holders, without(owed, reader.rank()), without(received, reader.rank()))
          : free;
    }

    private static <T> Set<T> with(Set<T> set, T element) {
      Set<T> more = new HashSet<>(set);
      more.add(element);
      return more;
    }

    private static <T> Set<T> without(Set<T> set, T element) {
      Set<T> fewer = new HashSet<>(set);
      fewer.remove(element);
      return fewer;
    }
  }

  /** It was here, and its memory has been given to others. */
  record Gone(Origin origin) implements ChunkState {}
}
