package io.baton.simulations.report;

import io.baton.simulations.study.Cell;
import io.baton.simulations.study.Estimate;
import io.baton.simulations.study.StudyResult;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A line for each cell; plain numbers, and nothing that needs quotes. */
public final class CsvReport {

  private static final List<String> COLUMNS =
      List.of(
          "table",
          "strategy",
          "failure_rate",
          "round_trip_ms",
          "sessions",
          "finished",
          "steps_per_second",
          "steps_per_second_low",
          "steps_per_second_high",
          "steps",
          "failures",
          "recoveries",
          "takeovers",
          "replayed_tokens",
          "client_bytes",
          "server_bytes");

  private CsvReport() {}

  public static String of(StudyResult result) {
    Stream<String> lines =
        Stream.of(
                lines("asked", result.cells()),
                lines("over_failure_rate", result.overFailureRate()),
                lines("over_round_trip", result.overRoundTrip()))
            .flatMap(all -> all);
    return Stream.concat(Stream.of(String.join(",", COLUMNS)), lines)
        .collect(Collectors.joining("\n", "", "\n"));
  }

  private static Stream<String> lines(String table, List<Cell> cells) {
    return cells.stream().map(cell -> line(table, cell));
  }

  private static String line(String table, Cell cell) {
    return Stream.of(
            table,
            cell.strategy().id(),
            cell.failureRate(),
            cell.roundTrip().toNanos() / 1e6,
            cell.runs(),
            cell.finished(),
            cell.stepsPerSecond().map(Estimate::mean).map(String::valueOf).orElse(""),
            cell.stepsPerSecond().map(Estimate::low).map(String::valueOf).orElse(""),
            cell.stepsPerSecond().map(Estimate::high).map(String::valueOf).orElse(""),
            cell.steps().mean(),
            cell.failures().mean(),
            cell.recoveries().mean(),
            cell.takeovers().mean(),
            cell.replayedTokens().mean(),
            cell.clientBytes().mean(),
            cell.serverBytes().mean())
        .map(String::valueOf)
        .collect(Collectors.joining(","));
  }
}
