package io.baton.client.sidecar;

import io.baton.session.exchange.Name;
import java.time.Duration;

/**
 * Who receives.
 *
 * @param rank of the member that it receives for; several may receive for one
 * @param timeout of requests that name none
 */
public record ReceiverConfig(String group, int rank, Duration timeout) {

  public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);

  /**
   * @throws IllegalArgumentException if the group has no proper name, the rank is negative or the
   *     timeout not positive
   */
  public ReceiverConfig {
    Name.checked("the group's name", group);
    if (rank < 0) {
      throw new IllegalArgumentException("a member of rank " + rank);
    }
    if (!timeout.isPositive()) {
      throw new IllegalArgumentException("a timeout of " + timeout);
    }
  }

  /** One that receives for a group of one. */
  public static ReceiverConfig alone(String group) {
    return of(group, 0);
  }

  public static ReceiverConfig of(String group, int rank) {
    return new ReceiverConfig(group, rank, DEFAULT_TIMEOUT);
  }

  public ReceiverConfig withTimeout(Duration other) {
    return new ReceiverConfig(group, rank, other);
  }
}
