package io.baton.session.exchange;

import java.util.OptionalInt;
import java.util.Set;

/** What can happen to a datum at the relay of its readers. */
public sealed interface DataInput {

  /**
   * A chunk is here, whole.
   *
   * @param index from 0
   * @param total the number of chunks, if the sender knows it
   * @param ranks the members at this relay that it is for
   */
  record Arrived(int index, OptionalInt total, Origin origin, Set<Integer> ranks)
      implements DataInput {

    /**
     * @throws IllegalArgumentException if the index is none, or the total negative
     */
    public Arrived {
      ranks = Set.copyOf(ranks);
      checkIndex(index);
      checkTotal(total.orElse(0));
    }
  }

  /** The sender says how many chunks there are. */
  record Closed(int total, Origin origin) implements DataInput {

    /**
     * @throws IllegalArgumentException if the total is negative
     */
    public Closed {
      checkTotal(total);
    }
  }

  /**
   * A reader asks for a chunk.
   *
   * @param request never used for another; answered exactly once, unless the reader leaves
   * @param deadlineNanos when it is told that nothing came
   */
  record Receive(long request, Reader reader, int index, long deadlineNanos) implements DataInput {

    /**
     * @throws IllegalArgumentException if the index is none
     */
    public Receive {
      checkIndex(index);
    }
  }

  /** A reader no longer waits for the answer. */
  record Cancel(long request) implements DataInput {}

  /** A reader is done with a chunk. Of one that its member has not received, this says nothing. */
  record MarkDone(Reader reader, int index) implements DataInput {}

  /** A reader no longer holds a chunk. Its member is not done with it. */
  record LetGo(Reader reader, int index) implements DataInput {}

  /**
   * A reader is gone, and what it held is free. Its member is not done. It must be the last word of
   * that registration.
   */
  record ReaderGone(long registration) implements DataInput {}

  /**
   * The memory of a chunk has been given to others. Nobody holds it, unless it went at the very
   * moment at which it was to be held.
   */
  record Dropped(int index) implements DataInput {}

  /** There is no room to remember a datum that is over. Of one that is not, this says nothing. */
  record Crowded() implements DataInput {}

  /** Time has passed. */
  record Tick() implements DataInput {}

  private static void checkIndex(int index) {
    if (index < 0) {
      throw new IllegalArgumentException("%d is no number of a chunk".formatted(index));
    }
  }

  private static void checkTotal(int total) {
    if (total < 0) {
      throw new IllegalArgumentException("%d is no number of chunks".formatted(total));
    }
  }
}
