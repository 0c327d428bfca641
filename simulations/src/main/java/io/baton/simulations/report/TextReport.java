package io.baton.simulations.report;

import io.baton.simulations.study.Calibration;
import io.baton.simulations.study.Cell;
import io.baton.simulations.study.Estimate;
import io.baton.simulations.study.Strategy;
import io.baton.simulations.study.StudyInputs;
import io.baton.simulations.study.StudyResult;
import java.util.List;

/** Tables for the terminal. */
public final class TextReport {

  private TextReport() {}

  /** A study's figures, strategy after strategy. */
  public static String of(StudyResult result) {
    StudyInputs inputs = result.inputs();
    TextTable table =
        new TextTable()
            .row(
                "strategy",
                "failure rate",
                "steps/s",
                "95 % interval",
                "kept",
                "finished",
                "failures",
                "takeovers",
                "replayed tokens",
                "by client",
                "by servers");
    for (Strategy strategy : inputs.strategies()) {
      table.gap();
      for (double rate : inputs.failureRates()) {
        table.row(row(result, result.cell(strategy, rate)));
      }
    }
    return """
        %d stages, %d tokens a session, %d sessions a row, seed %d; counts and bytes are means of a session

        %s
        kept: part of the rate without failures. %s"""
        .formatted(
            inputs.chain().stages(),
            inputs.workload().tokens(),
            inputs.repeats(),
            inputs.seed(),
            table,
            best(result));
  }

  private static List<String> row(StudyResult result, Cell cell) {
    return List.of(
        cell.strategy().id(),
        Figures.rate(cell.failureRate()),
        cell.stepsPerSecond().map(rate -> Figures.number(rate.mean())).orElse("none"),
        cell.stepsPerSecond()
            .map(Figures::interval)
            .orElse("within " + Figures.cap(result.inputs().workload().cap())),
        cell.stepsPerSecond().isPresent() ? Figures.percent(result.kept(cell)) : "",
        "%d/%d".formatted(cell.finished(), cell.runs()),
        Figures.number(cell.failures().mean()),
        cell.strategy() == Strategy.PUSH_STANDBY ? Figures.number(cell.takeovers().mean()) : "",
        Figures.number(cell.replayedTokens().mean()),
        Figures.bytes(cell.clientBytes().mean()),
        Figures.bytes(cell.serverBytes().mean()));
  }

  private static String best(StudyResult result) {
    double rate = result.worstFailureRate();
    return Best.at(result, rate)
        .map(
            cell ->
                "At %s the best is %s: %s steps/s, %s of its rate without failures."
                    .formatted(
                        Figures.rate(rate),
                        cell.strategy().id(),
                        Figures.number(cell.stepsPerSecond().map(Estimate::mean).orElse(0.0)),
                        Figures.percent(result.kept(cell))))
        .orElse("At %s no session of any finished.".formatted(Figures.rate(rate)));
  }

  /** The published measurement and the model, side by side. */
  public static String of(List<Calibration.Comparison> comparisons) {
    TextTable table =
        new TextTable()
            .row(
                "system", "tokens", "failure rate", "published", "model", "95 % interval", "ratio");
    int tokens = 0;
    for (Calibration.Comparison one : comparisons) {
      if (one.tokens() != tokens) {
        table.gap();
        tokens = one.tokens();
      }
      table.row(
          one.strategy().id(),
          String.valueOf(one.tokens()),
          Figures.rate(one.failureRate()),
          one.published().map(Figures::number).orElse("none"),
          one.model().stepsPerSecond().map(rate -> Figures.number(rate.mean())).orElse("none"),
          one.model().stepsPerSecond().map(Figures::interval).orElse(""),
          one.ratio().map(Figures::number).orElse(""));
    }
    return """
        Steps a second of BLOOM-7.1B over four stages: published, and as the model has it.
        none: no session finished within an hour.

        """
        + table;
  }
}
