package io.baton.session.exchange;

import java.util.List;

/**
 * The sending of one chunk to the relays of its readers.
 *
 * @param destinations the relays' names, for a person
 * @param deliveries how far each has come
 * @param finished whether the sender has been told
 */
public record SendState(
    String what,
    List<String> destinations,
    List<Delivery> deliveries,
    long deadlineNanos,
    boolean finished) {

  public SendState {
    destinations = List.copyOf(destinations);
    deliveries = List.copyOf(deliveries);
    if (destinations.size() != deliveries.size()) {
      throw new IllegalArgumentException(
          "%d destinations, %d deliveries".formatted(destinations.size(), deliveries.size()));
    }
  }
}
