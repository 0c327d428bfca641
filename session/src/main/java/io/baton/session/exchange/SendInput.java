package io.baton.session.exchange;

/** What can happen to a sending. Destinations are numbered from 0. */
public sealed interface SendInput {

  /** The relay has no room yet and will answer again. */
  record Wait(int destination, String detail) implements SendInput {}

  /** The relay has made room. */
  record Grant(int destination) implements SendInput {}

  /** The relay has it. */
  record Take(int destination) implements SendInput {}

  /** The relay does not take it. */
  record Refuse(int destination, Failure failure) implements SendInput {}

  /**
   * The relay cannot be reached, and has dropped what was offered to it. No answer that it gave
   * before may come after this.
   */
  record LinkLost(int destination, String why) implements SendInput {}

  /** The relay can be reached again, and may remember nothing. */
  record LinkReady(int destination) implements SendInput {}

  /**
   * Too much waits to be sent to the relay: it has not been offered the chunk.
   *
   * @param why for a person
   */
  record Hold(int destination, String why) implements SendInput {}

  /** There may be room for it again. */
  record Room(int destination) implements SendInput {}

  /** The sender no longer wants it sent. */
  record Cancel(String why) implements SendInput {}

  /** Time has passed. */
  record Tick() implements SendInput {}
}
