package io.baton.client.sidecar;

import io.baton.transport.stream.Backoff;
import java.time.Duration;

/**
 * How a client keeps to its relay.
 *
 * @param name for a person: who holds what
 * @param requests that may be under way at a time
 * @param grace how long after a request's deadline the relay's own word on it is waited for
 * @param idlePools pools of other relays that stay mapped while nothing of them is in use, for a
 *     short while
 * @param backoff between attempts to reach the relay
 */
public record SidecarOptions(
    String name, int requests, Duration grace, int idlePools, Backoff backoff) {

  /** The longest name, in characters. */
  public static final int MAX_NAME_CHARS = 255;

  /**
   * @throws IllegalArgumentException if the name is blank or too long, or a bound is out of range
   */
  public SidecarOptions {
    if (name.isBlank() || name.length() > MAX_NAME_CHARS) {
      throw new IllegalArgumentException("a process needs a name, of up to 255 characters");
    }
    if (requests < 1 || grace.isNegative() || idlePools < 0) {
      throw new IllegalArgumentException(
          "%d requests, a grace of %s, %d idle pools".formatted(requests, grace, idlePools));
    }
  }

  public static SidecarOptions of(String name) {
    return new SidecarOptions(
        name,
        1024,
        Duration.ofSeconds(1),
        4,
        new Backoff(Duration.ofMillis(20), Duration.ofSeconds(2), 0.5));
  }

  public SidecarOptions withRequests(int other) {
    return new SidecarOptions(name, other, grace, idlePools, backoff);
  }

  public SidecarOptions withGrace(Duration other) {
    return new SidecarOptions(name, requests, other, idlePools, backoff);
  }

  public SidecarOptions withIdlePools(int other) {
    return new SidecarOptions(name, requests, grace, other, backoff);
  }

  public SidecarOptions withBackoff(Backoff other) {
    return new SidecarOptions(name, requests, grace, idlePools, other);
  }
}
