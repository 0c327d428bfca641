package io.baton.cli.demo;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What the demo has to say in the end; as JSON, the names are those that are documented. */
record DemoReport(
    @JsonProperty("text") String text,
    @JsonProperty("tokens") int tokens,
    @JsonProperty("story_consistent") boolean storyConsistent,
    @JsonProperty("same_as_unbroken") boolean sameAsUnbroken,
    @JsonProperty("stages") int stages,
    @JsonProperty("processes") boolean processes,
    @JsonProperty("push") boolean push,
    @JsonProperty("standby") boolean standby,
    @JsonProperty("hop_latency_ms") double hopLatencyMs,
    @JsonProperty("steps_from_peer") long stepsFromPeer,
    @JsonProperty("steps_from_client") long stepsFromClient,
    @JsonProperty("kills") List<String> kills,
    @JsonProperty("kills_never_due") List<String> killsNeverDue,
    @JsonProperty("failover_ms") List<Double> failoverMs,
    @JsonProperty("reroutes") long reroutes,
    @JsonProperty("takeovers") long takeovers,
    @JsonProperty("replayed_tokens") long replayedTokens,
    @JsonProperty("standby_tokens") long standbyTokens,
    @JsonProperty("mismatches") long mismatches,
    @JsonProperty("tokens_per_second") double tokensPerSecond,
    @JsonProperty("unsplit_tokens_per_second") double unsplitTokensPerSecond,
    @JsonProperty("ms_per_token") double msPerToken,
    @JsonProperty("stage_ms_per_token") double stageMsPerToken,
    @JsonProperty("compute_ms_per_token") double computeMsPerToken,
    @JsonProperty("compared") @JsonInclude(JsonInclude.Include.NON_NULL)
        @Nullable Comparison compared) {

  /**
   * The summary for a person.
   *
   * @param turns what there is to say of speed: of one run it would be of the JVM's youth
   */
  String summary(Turns turns) {
    StringBuilder out = new StringBuilder();
    line(
        out,
        "story",
        storyConsistent
            ? "consistent: every runner and every sum is right"
            : "not a whole story, or not a consistent one");
    line(
        out,
        "text",
        sameAsUnbroken
            ? "token for token that of the unsplit model"
            : "NOT that of the unsplit model");
    line(
        out,
        "stages",
        "%d, %s%s"
            .formatted(
                stages,
                standby ? "each with a standby, " : "",
                processes ? "every relay in a process of its own" : "in this process"));
    line(
        out,
        "steps",
        "%d started from the peer's push, %d from the client's payload"
            .formatted(stepsFromPeer, stepsFromClient));
    for (int i = 0; i < kills.size(); i++) {
      line(
          out,
          i == 0 ? "failures" : "",
          "stage %s killed; the next token came after %s ms"
              .formatted(kills.get(i).replace("@", " at token "), number(failoverMs.get(i))));
    }
    if (!kills.isEmpty()) {
      line(
          out,
          "recovery",
          "%d re-routed, %d tokens replayed, %d mismatches"
              .formatted(reroutes, replayedTokens, mismatches));
    }
    if (standby) {
      line(
          out,
          "standbys",
          "%d took over; %d tokens sent to them to catch up".formatted(takeovers, standbyTokens));
    }
    for (String kill : killsNeverDue) {
      line(out, "", "kill %s never came: the text ended after %d tokens".formatted(kill, tokens));
    }
    turns
        .medians()
        .ifPresent(
            speed -> {
              line(out, "speed", speed);
              line(
                  out,
                  "a token",
                  "%s ms in the last round: computing %s, the rest between %d parties"
                      .formatted(number(msPerToken), number(computeMsPerToken), stages + 1));
            });
    if (compared != null) {
      line(out, "compared", compared.toString());
    }
    return out.toString();
  }

  DemoReport withComparison(Comparison other) {
    return new DemoReport(
        text,
        tokens,
        storyConsistent,
        sameAsUnbroken,
        stages,
        processes,
        push,
        standby,
        hopLatencyMs,
        stepsFromPeer,
        stepsFromClient,
        kills,
        killsNeverDue,
        failoverMs,
        reroutes,
        takeovers,
        replayedTokens,
        standbyTokens,
        mismatches,
        tokensPerSecond,
        unsplitTokensPerSecond,
        msPerToken,
        stageMsPerToken,
        computeMsPerToken,
        other);
  }

  private static void line(StringBuilder out, String name, String value) {
    out.append(String.format(Locale.ROOT, "  %-9s %s%n", name, value));
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, value < 10 ? "%.2f" : "%.0f", value);
  }
}
