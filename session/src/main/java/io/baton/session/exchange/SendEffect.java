package io.baton.session.exchange;

import java.util.Optional;

/** What the sender's relay has to do about a sending. */
public sealed interface SendEffect {

  /** Announce the chunk, under the same number as before if it is not for the first time. */
  record Offer(int destination) implements SendEffect {}

  /** Send the bytes. */
  record SendBody(int destination) implements SendEffect {}

  /** Tell the relay that the bytes will not come. */
  record Withdraw(int destination) implements SendEffect {}

  /**
   * All is over, and the sender is told; once. Its bytes are needed by no destination any more.
   *
   * @param failure why not every destination has it; empty if all have
   */
  record Finish(Optional<Failure> failure) implements SendEffect {}
}
