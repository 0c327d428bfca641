package io.baton.simulations.study;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The model beside a published measurement: BLOOM-7.1B over four stages, steps a second of sessions
 * of 128 and of 1024 tokens at four failure rates. The figures are known at second hand, without
 * the machines' data, so they are a target of shape.
 *
 * <p>Of each figure without failures the time of a step follows, and from the two lengths how it
 * grows with the cache: 57.6 ms + 13.4 µs a token where stages pass outputs on, 86.9 ms + 12.8 µs
 * where they go by way of the client. Five transfers a step against eight: a transfer takes 9.77
 * ms, and the four stages 8.75 ms. A step without a cache takes 172 ms + 1.86 ms a token. A failure
 * of the third system takes about 2 s + 10 ms a token that is replayed.
 *
 * <p>One chain cannot be all three systems. The two that do not replay show no sign of waiting for
 * a replacement: theirs is there at once. The one that replays does it a token at a time, at 100
 * tokens a second, far from the 2,600 that a stage without a cache computes at once.
 */
public final class Calibration {

  /** Failure rates of the published measurement. */
  public static final List<Double> FAILURE_RATES = List.of(0.0, 1e-4, 1e-3, 1e-2);

  private static final StageSpeed REPLAYED_TOKEN_BY_TOKEN =
      new StageSpeed(Duration.ofNanos(2_190_000), Duration.ofNanos(3_400), Duration.ZERO, 100);

  /** Sessions that restart differ far more than others, and cost next to nothing to simulate. */
  private static final int RESTARTS = 10;

  private Calibration() {}

  /**
   * One published figure beside the model's.
   *
   * @param published steps a second; none where no session finished within an hour
   */
  public record Comparison(
      Strategy strategy, int tokens, double failureRate, Optional<Double> published, Cell model) {

    /** The model's figure over the published one, if both are there. */
    public Optional<Double> ratio() {
      return published.flatMap(figure -> model.stepsPerSecond().map(rate -> rate.mean() / figure));
    }

    /** Whether the two are within a factor of each other, or both say that nothing finished. */
    public boolean agreesWithin(double factor) {
      return published.isEmpty() == model.stepsPerSecond().isEmpty()
          && ratio().map(ratio -> ratio <= factor && ratio >= 1 / factor).orElse(true);
    }
  }

  /** A row of the published table; no figure where no session finished. */
  private record Row(Strategy strategy, int tokens, List<Optional<Double>> stepsPerSecond) {}

  private static final List<Row> PUBLISHED =
      List.of(
          row(Strategy.RESTART, 128, 17.1, 16.7, 12, 0.18),
          row(Strategy.RESTART, 1024, 15.5, 11.8, 0.48),
          row(Strategy.NO_CACHE, 128, 3.44, 3.44, 3.44, 3.44),
          row(Strategy.NO_CACHE, 1024, 0.89, 0.89, 0.89, 0.89),
          row(Strategy.CLIENT_REPLAY, 128, 11.4, 11.4, 10.6, 3.38),
          row(Strategy.CLIENT_REPLAY, 1024, 10.7, 10.7, 7.76, 2.17));

  private static Row row(Strategy strategy, int tokens, double... figures) {
    List<Optional<Double>> row = new ArrayList<>();
    for (int i = 0; i < FAILURE_RATES.size(); i++) {
      row.add(i < figures.length ? Optional.of(figures[i]) : Optional.empty());
    }
    return new Row(strategy, tokens, List.copyOf(row));
  }

  /** The chain of a published system. */
  static Chain chain(Strategy strategy) {
    Chain fitted = standard();
    return switch (strategy) {
      case RESTART, NO_CACHE -> fitted.withReplacement(Duration.ZERO);
      case CLIENT_REPLAY ->
          fitted.withSpeed(REPLAYED_TOKEN_BY_TOKEN).withReplacement(Duration.ofSeconds(2));
      case PUSH_REPLAY, PUSH_STANDBY ->
          throw new IllegalArgumentException("not measured: " + strategy);
    };
  }

  private static Chain standard() {
    try {
      return StudyInputs.of(GivenInputs.none()).chain();
    } catch (BadInputException e) {
      throw new IllegalStateException("the standard inputs are wrong", e);
    }
  }

  /**
   * Simulates every figure that was published.
   *
   * @param repeats sessions for each figure; ten times as many of those that restart
   */
  public static List<Comparison> run(int repeats, long seed, int threads, Progress progress)
      throws InterruptedException {
    List<Point> points = new ArrayList<>();
    for (Row row : PUBLISHED) {
      Workload workload = new Workload(1, row.tokens(), Duration.ofHours(1));
      for (double rate : FAILURE_RATES) {
        points.add(
            new Point(
                row.strategy(),
                chain(row.strategy()),
                workload,
                new FailureModel(rate),
                row.strategy() == Strategy.RESTART ? RESTARTS * repeats : repeats));
      }
    }
    List<Cell> cells = new Runner(seed, threads, progress).run(points);
    List<Comparison> comparisons = new ArrayList<>();
    for (Row row : PUBLISHED) {
      for (int i = 0; i < FAILURE_RATES.size(); i++) {
        comparisons.add(
            new Comparison(
                row.strategy(),
                row.tokens(),
                FAILURE_RATES.get(i),
                row.stepsPerSecond().get(i),
                cells.get(comparisons.size())));
      }
    }
    return comparisons;
  }
}
