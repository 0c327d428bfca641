package io.baton.simulations.study;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * Round-trip times between the parties: number 0 is the client, 1 and up are the stages in their
 * order. A standby or a replacement is as far from the others as the stage that it stands for. A
 * message takes half of a round trip.
 *
 * @param rows row {@code i} has the times from party {@code i} to each
 */
public record RoundTrips(List<List<Duration>> rows) {

  /**
   * @throws IllegalArgumentException if it is not a square of times that are not negative
   */
  public RoundTrips {
    rows = rows.stream().map(List::copyOf).toList();
    for (List<Duration> row : rows) {
      if (row.size() != rows.size()) {
        throw new IllegalArgumentException(
            "%d rows, and one of %d times".formatted(rows.size(), row.size()));
      }
      if (row.stream().anyMatch(Duration::isNegative)) {
        throw new IllegalArgumentException("a negative time");
      }
    }
  }

  /** The same time between any two of the client and so many stages. */
  public static RoundTrips uniform(int stages, Duration time) {
    List<List<Duration>> rows = new ArrayList<>();
    for (int from = 0; from <= stages; from++) {
      List<Duration> row = new ArrayList<>(Collections.nCopies(stages + 1, time));
      row.set(from, Duration.ZERO);
      rows.add(row);
    }
    return new RoundTrips(rows);
  }

  public int stages() {
    return rows.size() - 1;
  }

  /** Time that a message takes. */
  public long oneWayNanos(int from, int to) {
    return rows.get(from).get(to).toNanos() / 2;
  }

  /** The mean over all pairs, by which a chain's round-trip time is named. */
  public Duration mean() {
    long sum = 0;
    int pairs = 0;
    for (int from = 0; from < rows.size(); from++) {
      for (int to = 0; to < rows.size(); to++) {
        if (from != to) {
          sum += rows.get(from).get(to).toNanos();
          pairs++;
        }
      }
    }
    return Duration.ofNanos(sum / Math.max(1, pairs));
  }

  /** The same pattern with another mean; without a pattern, the same time everywhere. */
  public RoundTrips scaledTo(Duration mean) {
    long now = mean().toNanos();
    if (now == 0) {
      return uniform(stages(), mean);
    }
    double factor = mean.toNanos() / (double) now;
    return new RoundTrips(
        rows.stream()
            .map(
                row ->
                    row.stream()
                        .map(time -> Duration.ofNanos(Math.round(time.toNanos() * factor)))
                        .toList())
            .toList());
  }
}
