package io.baton.session.exchange;

/** How far the sending of a chunk to one relay has come. */
public sealed interface Delivery {

  /** The relay has been offered the chunk and has not answered. */
  record Offered() implements Delivery {}

  /**
   * The relay has no room for it yet.
   *
   * @param detail what its room is taken by, in its words
   */
  record Waiting(String detail) implements Delivery {}

  /** The relay has made room, and the bytes are on their way. */
  record Granted() implements Delivery {}

  /**
   * The relay cannot be reached now.
   *
   * @param why in words
   */
  record Unlinked(String why) implements Delivery {}

  /**
   * The relay can be reached, and has not been offered the chunk, because too much waits to be sent
   * to it.
   *
   * @param why in words
   */
  record Held(String why) implements Delivery {}

  /** The relay has it. */
  record Taken() implements Delivery {}

  /** The relay does not have it and will not get it. */
  record Failed(Failure failure) implements Delivery {}

  /** True if the relay has been offered the chunk, so that an answer to that can be awaited. */
  default boolean isAsked() {
    return this instanceof Offered || this instanceof Waiting || this instanceof Granted;
  }

  /** True if nothing can happen to it any more. */
  default boolean isOver() {
    return this instanceof Taken || this instanceof Failed;
  }
}
