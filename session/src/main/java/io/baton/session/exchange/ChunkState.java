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
   */
  record Here(Origin origin, Set<Long> holders, Set<Integer> owed) implements ChunkState {

    public Here {
      holders = Set.copyOf(holders);
      owed = Set.copyOf(owed);
    }

    Standing standing() {
      if (!holders.isEmpty()) {
        return Standing.IN_USE;
      }
      return owed.isEmpty() ? Standing.DONE : Standing.UNCLAIMED;
    }

    Here heldBy(Reader reader) {
      Set<Long> more = new HashSet<>(holders);
      more.add(reader.registration());
      return new Here(origin, more, owed);
    }

    /** No longer held by that reader, which may come back for it. */
    Here without(long registration) {
      Set<Long> fewer = new HashSet<>(holders);
      fewer.remove(registration);
      return new Here(origin, fewer, owed);
    }

    /** That reader is done, and so is its member. */
    Here doneBy(Reader reader) {
      Set<Integer> fewer = new HashSet<>(owed);
      fewer.remove(reader.rank());
      return new Here(origin, without(reader.registration()).holders, fewer);
    }
  }

  /** It was here, and its memory has been given to others. */
  record Gone(Origin origin) implements ChunkState {}
}
