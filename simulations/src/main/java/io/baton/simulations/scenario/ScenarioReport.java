package io.baton.simulations.scenario;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.baton.session.route.RouteStats;
import java.util.List;
import java.util.Locale;

/**
 * What came of a scenario: the same figures wherever it was played.
 *
 * @param playedOn {@code simulator} or {@code processes}
 * @param sameAsUnbroken whether the tokens are those of a run in one place without faults
 * @param millis from the first step to the last token, in the time of the clock or the simulator
 */
public record ScenarioReport(
    @JsonProperty("played_on") String playedOn,
    @JsonProperty("stages") int stages,
    @JsonProperty("standby") boolean standby,
    @JsonProperty("push") boolean push,
    @JsonProperty("hop_latency_ms") double hopLatencyMillis,
    @JsonProperty("prompt_tokens") int promptTokens,
    @JsonProperty("tokens") int tokens,
    @JsonProperty("same_as_unbroken") boolean sameAsUnbroken,
    @JsonProperty("steps_from_peer") long stepsFromPeer,
    @JsonProperty("steps_from_client") long stepsFromClient,
    @JsonProperty("reroutes") long reroutes,
    @JsonProperty("takeovers") long takeovers,
    @JsonProperty("replayed_tokens") long replayedTokens,
    @JsonProperty("standby_tokens") long standbyTokens,
    @JsonProperty("mismatches") long mismatches,
    @JsonProperty("ms") double millis,
    @JsonProperty("events") List<Happening> events,
    @JsonProperty("events_never_due") List<String> eventsNeverDue) {

  public ScenarioReport {
    events = List.copyOf(events);
    eventsNeverDue = List.copyOf(eventsNeverDue);
  }

  public static ScenarioReport of(
      String playedOn,
      Scenario scenario,
      int tokens,
      boolean sameAsUnbroken,
      RouteStats stats,
      long nanos,
      List<Happening> events) {
    return new ScenarioReport(
        playedOn,
        scenario.stages(),
        scenario.standby(),
        scenario.push(),
        scenario.hopLatency().toNanos() / 1e6,
        scenario.promptTokens(),
        tokens,
        sameAsUnbroken,
        stats.stepsFromPeer(),
        stats.stepsFromClient(),
        stats.reroutes(),
        stats.takeovers(),
        stats.replayedTokens(),
        stats.standbyTokens(),
        stats.mismatches(),
        nanos / 1e6,
        events,
        scenario.events().stream()
            .skip(events.size())
            .map(event -> "%d: %s".formatted(event.token(), event))
            .toList());
  }

  /** The summary for a person. */
  public String summary() {
    StringBuilder out = new StringBuilder();
    line(
        out,
        "tokens",
        "%d after a prompt of %d, %s"
            .formatted(
                tokens,
                promptTokens,
                sameAsUnbroken
                    ? "those of a run in one place without faults"
                    : "NOT those of a run in one place without faults"));
    line(out, "stages", "%d, played on %s".formatted(stages, the(playedOn)));
    line(
        out,
        "steps",
        "%d started from the peer's push, %d from the client's payload"
            .formatted(stepsFromPeer, stepsFromClient));
    for (int i = 0; i < events.size(); i++) {
      line(out, i == 0 ? "events" : "", events.get(i).toString());
    }
    for (String event : eventsNeverDue) {
      line(out, "", "never due, the text ended before: token " + event);
    }
    line(
        out,
        "recovery",
        "%d re-routed, %d taken over by a standby, %d tokens replayed, %d sent to standbys, %d mismatches"
            .formatted(reroutes, takeovers, replayedTokens, standbyTokens, mismatches));
    line(
        out,
        "time",
        String.format(Locale.ROOT, "%.0f ms, %.1f tokens a second", millis, tokens * 1e3 / millis));
    return out.toString();
  }

  private static String the(String playedOn) {
    return playedOn.equals("simulator") ? "the simulator" : playedOn;
  }

  private static void line(StringBuilder out, String name, String value) {
    out.append(String.format(Locale.ROOT, "  %-9s %s%n", name, value));
  }
}
