package io.baton.simulations.report;

import io.baton.simulations.study.RecordedSession;
import io.baton.simulations.study.Strategy;
import io.baton.simulations.study.StudyResult;
import java.util.LinkedHashMap;
import java.util.Map;

/** The drawings of a study, for a page and as files of their own. */
public final class Charts {

  static final int WIDE = 792;
  static final int NARROW = 372;

  private Charts() {}

  /**
   * Each chart as an SVG file, by the file's name; light or dark as its reader prefers.
   *
   * @param result with what charts need
   */
  public static Map<String, String> files(StudyResult result) {
    Map<String, String> files = new LinkedHashMap<>();
    if (!result.overFailureRate().isEmpty()) {
      files.put(
          "over-failure-rate.svg",
          LineChart.overFailureRate(result.overFailureRate()).draw(WIDE, 400, false).alone());
      files.put(
          "over-round-trip.svg",
          LineChart.overRoundTrip(result.overRoundTrip()).draw(WIDE, 400, false).alone());
    }
    for (RecordedSession session : result.sessions()) {
      files.put(
          "session-%s.svg".formatted(session.strategy().id()),
          SessionChart.draw(session, WIDE, false, span(result)).alone());
      if (session.strategy() == Strategy.PUSH_STANDBY) {
        files.put(
            "session-%s-closer.svg".formatted(session.strategy().id()),
            SessionChart.draw(session, WIDE, false, span(session)).alone());
      }
    }
    return files;
  }

  /** The longest of the recorded parts, so that all have one scale. */
  static long span(StudyResult result) {
    return result.sessions().stream().mapToLong(Charts::span).max().orElse(1);
  }

  static long span(RecordedSession session) {
    return session.toNanos() - session.fromNanos();
  }
}
