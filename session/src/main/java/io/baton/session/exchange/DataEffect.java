package io.baton.session.exchange;

/** What a relay has to do about a datum. */
public sealed interface DataEffect {

  /** The chunk that has arrived is kept; its sender is told. */
  record Keep(int index) implements DataEffect {}

  /** It is one that is known already; the sender is told the same as the first time. */
  record KnowAlready(int index) implements DataEffect {}

  /** The number of chunks is known; the sender is told. */
  record ClosingKnown() implements DataEffect {}

  /** What has arrived is not kept, and its sender is told why. */
  record Refuse(Failure failure) implements DataEffect {}

  /** The reader gets the chunk, and holds it from now on. */
  record Deliver(long request, Reader reader, int index) implements DataEffect {}

  /** There is no such chunk: the datum has {@code total} of them. */
  record EndOfStream(long request, int total) implements DataEffect {}

  /** The reader gets nothing. */
  record Fail(long request, Failure failure) implements DataEffect {}

  /** A chunk's standing has changed. */
  record Stand(int index, Standing standing) implements DataEffect {}

  /** A chunk whose members are all done makes place, because the datum is sent anew. */
  record Discard(int index) implements DataEffect {}

  /** Nothing is known of this datum any more. */
  record Forget() implements DataEffect {}
}
