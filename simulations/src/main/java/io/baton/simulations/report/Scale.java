package io.baton.simulations.report;

import java.util.ArrayList;
import java.util.List;

/** From values to places along an axis. */
sealed interface Scale {

  /** The place of a value. */
  double place(double value);

  /** Values that are worth a line and a number. */
  List<Double> ticks();

  /** Even steps from 0 to a round number at or beyond the largest value. */
  record Linear(double largest, double from, double to, double step) implements Scale {

    static Linear upTo(double largest, double from, double to) {
      double step = step(largest);
      return new Linear(Math.ceil(largest / step - 1e-9) * step, from, to, step);
    }

    private static double step(double largest) {
      double raw = largest / 5;
      double ten = Math.pow(10, Math.floor(Math.log10(raw)));
      for (double factor : new double[] {1, 2, 5}) {
        if (factor * ten >= raw * (1 - 1e-9)) {
          return factor * ten;
        }
      }
      return 10 * ten;
    }

    @Override
    public double place(double value) {
      return from + (to - from) * value / largest;
    }

    @Override
    public List<Double> ticks() {
      List<Double> ticks = new ArrayList<>();
      for (int i = 0; i * step <= largest * (1 + 1e-9); i++) {
        ticks.add(i * step);
      }
      return ticks;
    }
  }

  /** Even steps from decade to decade. */
  record Logarithmic(double smallest, double largest, double from, double to) implements Scale {

    @Override
    public double place(double value) {
      double part = Math.log(value / smallest) / Math.log(largest / smallest);
      return from + (to - from) * Math.max(0, Math.min(1, part));
    }

    /** Decades; what lies between as well if there are few. */
    @Override
    public List<Double> ticks() {
      List<Double> ticks = new ArrayList<>();
      int first = (int) Math.floor(Math.log10(smallest) + 1e-9);
      int last = (int) Math.ceil(Math.log10(largest) - 1e-9);
      double[] factors = last - first > 3 ? new double[] {1} : new double[] {1, 2, 5};
      for (int decade = first; decade <= last; decade++) {
        for (double factor : factors) {
          double tick = factor * Math.pow(10, decade);
          if (tick >= smallest * (1 - 1e-9) && tick <= largest * (1 + 1e-9)) {
            ticks.add(tick);
          }
        }
      }
      return ticks;
    }
  }
}
