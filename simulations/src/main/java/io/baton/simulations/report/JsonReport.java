package io.baton.simulations.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.baton.simulations.study.Cell;
import io.baton.simulations.study.Estimate;
import io.baton.simulations.study.StudyInputs;
import io.baton.simulations.study.StudyResult;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One JSON object with all figures and the inputs that they follow from. */
public final class JsonReport {

  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  private JsonReport() {}

  /** Times are in milliseconds, sizes in bytes. */
  private record Inputs(
      int stages,
      int tokens,
      int promptTokens,
      List<Double> stageMs,
      double cachedTokenMs,
      double prefillStartMs,
      double prefillTokensPerSecond,
      List<List<Double>> roundTripMs,
      double bytesPerSecond,
      int activationBytes,
      double replacementMs,
      int mergeTokens,
      double capMs,
      boolean strikeCopies,
      int repeats,
      long seed) {
    static Inputs of(StudyInputs inputs) {
      return new Inputs(
          inputs.chain().stages(),
          inputs.workload().tokens(),
          inputs.workload().promptTokens(),
          inputs.chain().speeds().stream().map(speed -> millis(speed.token())).toList(),
          millis(inputs.chain().speeds().getFirst().cachedToken()),
          millis(inputs.chain().speeds().getFirst().prefillStart()),
          inputs.chain().speeds().getFirst().prefillTokensPerSecond(),
          inputs.chain().roundTrips().rows().stream()
              .map(row -> row.stream().map(JsonReport::millis).toList())
              .toList(),
          inputs.chain().bytesPerSecond(),
          inputs.chain().activationBytes(),
          millis(inputs.chain().replacement()),
          inputs.chain().mergeTokens(),
          millis(inputs.workload().cap()),
          inputs.strikeCopies(),
          inputs.repeats(),
          inputs.seed());
    }
  }

  /**
   * @param stepsPerSecond null where no session finished
   */
  private record Row(
      String strategy,
      double failureRate,
      double roundTripMs,
      int sessions,
      int finished,
      @Nullable Estimate stepsPerSecond,
      Estimate steps,
      Estimate failures,
      Estimate recoveries,
      Estimate takeovers,
      Estimate replayedTokens,
      Estimate clientBytes,
      Estimate serverBytes) {
    static Row of(Cell cell) {
      return new Row(
          cell.strategy().id(),
          cell.failureRate(),
          millis(cell.roundTrip()),
          cell.runs(),
          cell.finished(),
          orNull(cell.stepsPerSecond()),
          cell.steps(),
          cell.failures(),
          cell.recoveries(),
          cell.takeovers(),
          cell.replayedTokens(),
          cell.clientBytes(),
          cell.serverBytes());
    }
  }

  private record Report(
      String command,
      Inputs inputs,
      List<Row> cells,
      List<Row> overFailureRate,
      List<Row> overRoundTrip) {}

  /**
   * The object, ended by a line's end.
   *
   * @param command that made it
   */
  public static String of(StudyResult result, String command) {
    Report report =
        new Report(
            command,
            Inputs.of(result.inputs()),
            rows(result.cells()),
            rows(result.overFailureRate()),
            rows(result.overRoundTrip()));
    try {
      return MAPPER.writeValueAsString(report) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a record of plain values is not JSON", e);
    }
  }

  private static List<Row> rows(List<Cell> cells) {
    return cells.stream().map(Row::of).toList();
  }

  private static @Nullable Estimate orNull(Optional<Estimate> estimate) {
    return estimate.isPresent() ? estimate.get() : null;
  }

  private static double millis(Duration time) {
    return time.toNanos() / 1e6;
  }
}
