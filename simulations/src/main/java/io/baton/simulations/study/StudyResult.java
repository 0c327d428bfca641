package io.baton.simulations.study;

import java.util.List;

/**
 * What came out of a study.
 *
 * @param cells for each failure rate that was asked for, and 0, each strategy
 * @param overFailureRate for a chart: each strategy over many failure rates; may be empty
 * @param overRoundTrip the same over many round-trip times, at the highest failure rate asked for
 * @param sessions parts of sessions, one a strategy that recovers
 */
public record StudyResult(
    StudyInputs inputs,
    List<Cell> cells,
    List<Cell> overFailureRate,
    List<Cell> overRoundTrip,
    List<RecordedSession> sessions) {

  public StudyResult {
    cells = List.copyOf(cells);
    overFailureRate = List.copyOf(overFailureRate);
    overRoundTrip = List.copyOf(overRoundTrip);
    sessions = List.copyOf(sessions);
  }

  /** The highest failure rate that was asked for. */
  public double worstFailureRate() {
    return inputs.failureRates().getLast();
  }

  /** The cell of a strategy at a failure rate that was asked for. */
  public Cell cell(Strategy strategy, double failureRate) {
    return cells.stream()
        .filter(cell -> cell.strategy() == strategy && cell.failureRate() == failureRate)
        .findFirst()
        .orElseThrow();
  }

  /** The part of its rate without failures that a strategy keeps; 0 if nothing finished. */
  public double kept(Cell cell) {
    double without =
        cell(cell.strategy(), 0).stepsPerSecond().map(Estimate::mean).orElse(Double.NaN);
    return cell.stepsPerSecond().map(rate -> rate.mean() / without).orElse(0.0);
  }
}
