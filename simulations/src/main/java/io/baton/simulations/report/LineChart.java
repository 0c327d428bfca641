package io.baton.simulations.report;

import io.baton.simulations.study.Cell;
import io.baton.simulations.study.Estimate;
import io.baton.simulations.study.Strategy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Steps a second over what was varied: a line with its interval for each strategy, labelled where
 * it ends. A point at which no session finished is a cross at the bottom.
 */
final class LineChart {

  private static final int TOP = 34;
  private static final int BOTTOM = 52;
  private static final int LEFT = 46;
  private static final int LABEL_HEIGHT = 17;

  private final List<Cell> cells;
  private final ToDoubleFunction<Cell> along;
  private final String axis;
  private final Ticks ticks;
  private final boolean logarithmic;
  private final String says;

  /** How a value of the horizontal axis is written. */
  interface Ticks {
    String of(double value);
  }

  private LineChart(
      List<Cell> cells,
      ToDoubleFunction<Cell> along,
      String axis,
      Ticks ticks,
      boolean logarithmic,
      String says) {
    this.cells = cells;
    this.along = along;
    this.axis = axis;
    this.ticks = ticks;
    this.logarithmic = logarithmic;
    this.says = says;
  }

  static LineChart overFailureRate(List<Cell> cells) {
    return new LineChart(
        cells,
        Cell::failureRate,
        "failures per transfer",
        Figures::power,
        false,
        "Steps a second over failure rate, a line for each strategy");
  }

  static LineChart overRoundTrip(List<Cell> cells) {
    return new LineChart(
        cells,
        cell -> cell.roundTrip().toNanos() / 1e6,
        "round-trip time, ms",
        Figures::number,
        true,
        "Steps a second over round-trip time, a line for each strategy");
  }

  Drawing draw(int width, int height, boolean narrow) {
    return new Drawing(width, height, says, new Sheet(width, height, narrow).body());
  }

  /** One line's end, where its name goes. */
  private record Label(Strategy strategy, double end, double place) {}

  private final class Sheet {
    private final int right;
    private final int bottom;
    private final boolean narrow;
    private final Scale x;
    private final Scale y;
    private final Svg svg = new Svg();

    Sheet(int width, int height, boolean narrow) {
      this.narrow = narrow;
      this.right = width - (narrow ? 96 : 164);
      this.bottom = height - BOTTOM;
      double first = cells.stream().mapToDouble(along).min().orElseThrow();
      double last = cells.stream().mapToDouble(along).max().orElseThrow();
      this.x = new Scale.Logarithmic(first, Math.max(last, first * 2), LEFT, right);
      this.y = vertical();
    }

    private Scale vertical() {
      double largest =
          cells.stream()
              .flatMap(cell -> cell.stepsPerSecond().stream())
              .mapToDouble(Estimate::mean)
              .max()
              .orElse(1);
      if (!logarithmic) {
        return Scale.Linear.upTo(largest * 1.02, bottom, TOP);
      }
      double smallest =
          cells.stream()
              .flatMap(cell -> cell.stepsPerSecond().stream())
              .mapToDouble(Estimate::mean)
              .min()
              .orElse(0.1);
      double floor = Math.max(smallest * 0.6, largest / 2000);
      return new Scale.Logarithmic(floor, largest * 1.1, bottom, TOP);
    }

    String body() {
      axes();
      List<Label> labels = new ArrayList<>();
      for (Strategy strategy : Strategy.all().reversed()) {
        List<Cell> line =
            cells.stream()
                .filter(cell -> cell.strategy() == strategy)
                .sorted(Comparator.comparingDouble(along))
                .toList();
        if (!line.isEmpty()) {
          band(strategy, line);
          strokes(strategy, line);
          marks(strategy, line);
          labels.add(new Label(strategy, height(line.getLast()), height(line.getLast())));
        }
      }
      spread(labels).forEach(this::name);
      return svg.toString();
    }

    private void axes() {
      svg.text("title", 0, 14, "start", "steps a second");
      for (double tick : y.ticks()) {
        double place = y.place(tick);
        svg.line(tick == 0 ? "axis" : "grid", LEFT, place, right, place);
        svg.text("tick", LEFT - 8, place + 4, "end", Figures.number(tick));
      }
      if (logarithmic) {
        svg.line("axis", LEFT, bottom, right, bottom);
      }
      for (double tick : x.ticks()) {
        double place = x.place(tick);
        svg.line("axis", place, bottom, place, bottom + 5);
        svg.text("tick", place, bottom + 20, "middle", ticks.of(tick));
      }
      svg.text("title", right, bottom + 42, "end", axis + " →");
    }

    private double height(Cell cell) {
      return cell.stepsPerSecond().map(rate -> y.place(rate.mean())).orElse((double) bottom);
    }

    private double across(Cell cell) {
      return x.place(along.applyAsDouble(cell));
    }

    private void band(Strategy strategy, List<Cell> line) {
      StringBuilder upper = new StringBuilder();
      StringBuilder lower = new StringBuilder();
      for (Cell cell : line) {
        if (cell.stepsPerSecond().isEmpty()) {
          break;
        }
        Estimate rate = cell.stepsPerSecond().get();
        upper
            .append(upper.isEmpty() ? 'M' : 'L')
            .append(point(across(cell), Math.max(TOP, y.place(rate.high()))));
        lower.insert(0, "L" + point(across(cell), Math.min(bottom, y.place(rate.low()))));
      }
      if (!upper.isEmpty()) {
        svg.path("band " + strategy.id(), upper.toString() + lower + "Z", "");
      }
    }

    private void strokes(Strategy strategy, List<Cell> line) {
      StringBuilder path = new StringBuilder();
      boolean drawn = false;
      for (Cell cell : line) {
        boolean there = cell.stepsPerSecond().isPresent();
        path.append(drawn ? 'L' : 'M').append(point(across(cell), height(cell)));
        drawn = there;
        if (!there) {
          break;
        }
      }
      svg.path(
          (strategy.runsMachines() ? "line " : "line modelled ") + strategy.id(),
          path.toString(),
          "");
    }

    private void marks(Strategy strategy, List<Cell> line) {
      for (Cell cell : line) {
        svg.path(
            (cell.stepsPerSecond().isPresent() ? "mark " : "none ") + strategy.id(),
            cell.stepsPerSecond().isPresent()
                ? Marks.of(strategy, across(cell), height(cell), narrow ? 3 : 3.6)
                : Marks.cross(across(cell), height(cell), narrow ? 3 : 3.6),
            "%s, %s: %s"
                .formatted(
                    strategy.label(),
                    ticks.of(along.applyAsDouble(cell)),
                    cell.stepsPerSecond()
                        .map(
                            rate ->
                                Figures.number(rate.mean())
                                    + " steps a second, "
                                    + Figures.interval(rate))
                        .orElse("none finished")));
      }
    }

    private void name(Label label) {
      double from = right + 6;
      if (Math.abs(label.end() - label.place()) > 3) {
        svg.line("leader", right + 3, label.end(), right + 9, label.place());
        from = right + 12;
      }
      svg.text(
          "name " + label.strategy().id(),
          from,
          label.place() + 4,
          "start",
          narrow ? Marks.shortName(label.strategy()) : label.strategy().label());
    }

    /** Keeps names from covering each other: moves them down, then up from the bottom. */
    private List<Label> spread(List<Label> labels) {
      List<Label> sorted = new ArrayList<>(labels);
      sorted.sort(Comparator.comparingDouble(Label::end).thenComparing(Label::strategy));
      double above = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < sorted.size(); i++) {
        Label label = sorted.get(i);
        double place = Math.max(label.end(), above + LABEL_HEIGHT);
        sorted.set(i, new Label(label.strategy(), label.end(), place));
        above = place;
      }
      double below = bottom + LABEL_HEIGHT;
      for (int i = sorted.size() - 1; i >= 0; i--) {
        Label label = sorted.get(i);
        double place = Math.min(label.place(), below - LABEL_HEIGHT);
        sorted.set(i, new Label(label.strategy(), label.end(), place));
        below = place;
      }
      return sorted;
    }
  }

  private static String point(double x, double y) {
    return Svg.at(x) + " " + Svg.at(y);
  }
}
