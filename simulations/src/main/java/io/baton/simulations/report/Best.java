package io.baton.simulations.report;

import io.baton.simulations.study.Cell;
import io.baton.simulations.study.Estimate;
import io.baton.simulations.study.StudyResult;
import java.util.Comparator;
import java.util.Optional;

/** The strategy that gives most. */
final class Best {

  private Best() {}

  /** Empty if no session of any strategy finished at that failure rate. */
  static Optional<Cell> at(StudyResult result, double failureRate) {
    return result.cells().stream()
        .filter(cell -> cell.failureRate() == failureRate && cell.stepsPerSecond().isPresent())
        .max(Comparator.comparingDouble(Best::mean));
  }

  private static double mean(Cell cell) {
    return cell.stepsPerSecond().map(Estimate::mean).orElse(0.0);
  }
}
