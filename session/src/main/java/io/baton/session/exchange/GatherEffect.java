package io.baton.session.exchange;

/** What the relay has to do while the members of a sending group write a chunk together. */
public sealed interface GatherEffect {

  /** Ask a member to write a part of the chunk into the memory made for it. */
  record AskPart(int rank, int part) implements GatherEffect {}

  /** Every part is written; once. */
  record Complete() implements GatherEffect {}

  /** It will not be complete; once. */
  record Abandon(Failure failure) implements GatherEffect {}
}
