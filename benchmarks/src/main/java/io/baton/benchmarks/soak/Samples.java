package io.baton.benchmarks.soak;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Figures, taken at equal intervals. For one thread. */
final class Samples {

  /** A figure's median in the second quarter, and in the last. */
  record Comparison(Figure figure, long before, long after) {

    boolean isFlat() {
      return after <= figure.allowed(before);
    }

    @Override
    public String toString() {
      return "%-12s %,12d in the second quarter, %,12d in the last: %s"
          .formatted(
              figure,
              before,
              after,
              isFlat() ? "flat" : "grows past %,d".formatted(figure.allowed(before)));
    }
  }

  private final List<Map<Figure, Long>> taken = new ArrayList<>();

  void add(Map<Figure, Long> sample) {
    taken.add(new EnumMap<>(sample));
  }

  /** Empty with less than four samples, which make no quarters. */
  List<Comparison> compare() {
    int count = taken.size();
    if (count < 4) {
      return List.of();
    }
    List<Comparison> comparisons = new ArrayList<>();
    for (Figure figure : Figure.values()) {
      comparisons.add(
          new Comparison(
              figure,
              median(figure, count / 4, count / 2),
              median(figure, count - count / 4, count)));
    }
    return comparisons;
  }

  private long median(Figure figure, int from, int to) {
    long[] values =
        taken.subList(from, to).stream()
            .mapToLong(sample -> sample.getOrDefault(figure, 0L))
            .sorted()
            .toArray();
    return values[values.length / 2];
  }
}
