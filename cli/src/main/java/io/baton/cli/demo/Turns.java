package io.baton.cli.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * How fast a chain and the unsplit model are, in tokens a second, measured in turns in one process.
 * The first turn says how young the process was, and does not count.
 */
final class Turns {

  private static final int LEFT_OUT = 1;

  /** How many rounds of a demo it takes for a figure: the last one has the failures. */
  static final int FEWEST_ROUNDS = LEFT_OUT + 2;

  private final List<Double> chain = new ArrayList<>();
  private final List<Double> unsplit = new ArrayList<>();

  void add(double ofChain, double ofUnsplit) {
    chain.add(ofChain);
    unsplit.add(ofUnsplit);
  }

  /** The two medians in words, if there is a turn that counts. */
  Optional<String> medians() {
    if (chain.size() <= LEFT_OUT) {
      return Optional.empty();
    }
    return Optional.of(
        String.format(
            Locale.ROOT,
            "%.0f tokens a second, and %.0f unsplit: medians of %d turns without failures, warm",
            median(chain),
            median(unsplit),
            chain.size() - LEFT_OUT));
  }

  private static double median(List<Double> all) {
    List<Double> counting = all.subList(LEFT_OUT, all.size()).stream().sorted().toList();
    int half = counting.size() / 2;
    return counting.size() % 2 == 1
        ? counting.get(half)
        : (counting.get(half - 1) + counting.get(half)) / 2;
  }
}
