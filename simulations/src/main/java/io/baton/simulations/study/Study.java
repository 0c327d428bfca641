package io.baton.simulations.study;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;

/** Runs every strategy at every failure rate. */
public final class Study {

  private static final double[] RATES = {1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2};

  private static final List<Duration> ROUND_TRIPS =
      Stream.of(1, 2, 5, 10, 20, 50, 100, 200).map(Duration::ofMillis).toList();

  private final StudyInputs inputs;
  private final int threads;
  private final Progress progress;

  public Study(StudyInputs inputs, int threads, Progress progress) {
    this.inputs = inputs;
    this.threads = threads;
    this.progress = progress;
  }

  /** The figures that were asked for. */
  public StudyResult run() throws InterruptedException {
    return run(false);
  }

  /** The figures that were asked for, and what charts need beside them. */
  public StudyResult runWithCharts() throws InterruptedException {
    return run(true);
  }

  private StudyResult run(boolean charts) throws InterruptedException {
    List<Point> asked = overRates(inputs.failureRates());
    List<Point> rates = charts ? overRates(chartRates()) : List.of();
    List<Point> roundTrips = charts ? overRoundTrips() : List.of();
    List<Point> all = new ArrayList<>(asked);
    all.addAll(rates);
    all.addAll(roundTrips);
    List<Cell> cells = new Runner(inputs.seed(), threads, progress).run(all);
    int behindRates = asked.size() + rates.size();
    return new StudyResult(
        inputs,
        cells.subList(0, asked.size()),
        cells.subList(asked.size(), behindRates),
        cells.subList(behindRates, cells.size()),
        charts ? sessions() : List.of());
  }

  private List<Double> chartRates() {
    TreeSet<Double> rates = new TreeSet<>();
    DoubleStream.of(RATES).forEach(rates::add);
    inputs.failureRates().stream().filter(rate -> rate > 0).forEach(rates::add);
    return List.copyOf(rates);
  }

  private List<Point> overRates(List<Double> rates) {
    List<Point> points = new ArrayList<>();
    for (double rate : rates) {
      for (Strategy strategy : inputs.strategies()) {
        points.add(point(strategy, inputs.chain(), rate));
      }
    }
    return points;
  }

  private List<Point> overRoundTrips() {
    RoundTrips own = inputs.chain().roundTrips();
    TreeSet<Duration> times = new TreeSet<>(ROUND_TRIPS);
    times.removeIf(time -> isNear(time, own.mean()));
    times.add(own.mean());
    List<Point> points = new ArrayList<>();
    for (Duration time : times) {
      Chain chain =
          time.equals(own.mean())
              ? inputs.chain()
              : inputs.chain().withRoundTrips(own.scaledTo(time));
      for (Strategy strategy : inputs.strategies()) {
        points.add(point(strategy, chain, inputs.failureRates().getLast()));
      }
    }
    return points;
  }

  private Point point(Strategy strategy, Chain chain, double failureRate) {
    return new Point(strategy, chain, inputs.workload(), failures(failureRate), inputs.repeats());
  }

  private FailureModel failures(double failureRate) {
    return new FailureModel(failureRate, inputs.strikeCopies());
  }

  /** Two points that cover each other say no more than one. */
  private static boolean isNear(Duration time, Duration other) {
    return Math.abs(time.toNanos() - other.toNanos()) < time.toNanos() / 4;
  }

  private List<RecordedSession> sessions() {
    double rate = inputs.failureRates().getLast();
    if (rate == 0) {
      return List.of();
    }
    return inputs.strategies().stream()
        .filter(Strategy::runsMachines)
        .map(
            strategy ->
                RecordedSession.find(
                    strategy, inputs.chain(), inputs.workload(), failures(rate), inputs.seed()))
        .flatMap(Optional::stream)
        .toList();
  }
}
