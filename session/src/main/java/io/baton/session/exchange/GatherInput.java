package io.baton.session.exchange;

/** What can happen while the members of a sending group write a chunk together. */
public sealed interface GatherInput {

  /**
   * A member has the tensor at hand and waits for its part.
   *
   * @param rank its rank
   */
  record Join(int rank) implements GatherInput {}

  /** A member has written its part. */
  record Written(int rank, int part) implements GatherInput {}

  /** A member is gone, before or after it joined. */
  record MemberGone(int rank) implements GatherInput {}

  /** It took too long. */
  record Expire() implements GatherInput {}
}
