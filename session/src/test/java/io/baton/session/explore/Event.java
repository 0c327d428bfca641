package io.baton.session.explore;

/**
 * What can happen next in a world; relays are named by their index, and messages by their number in
 * the {@link Interner}.
 */
sealed interface Event {

  record Submit(int number) implements Event {}

  record ToRelay(int relay, int message) implements Event {}

  record ToClient(int relay, int message) implements Event {}

  record PushArrives(int parcel, int message) implements Event {}

  record ComputeDone(int relay, int what) implements Event {}

  record RelaysFound() implements Event {}

  record ClientTimer() implements Event {}

  record RelayTimer(int relay) implements Event {}

  /** A fault, at a relay or to a parcel. */
  record Happens(Scenario.Fault fault, int where) implements Event {}
}
