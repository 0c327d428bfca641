package io.baton.cli.demo;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Locale;

/**
 * A run with failures beside one without, through the same chain.
 *
 * @param kept the part of the failure-free rate that the run with failures had
 */
record Comparison(
    @JsonProperty("kills") int kills,
    @JsonProperty("tokens_per_second") double tokensPerSecond,
    @JsonProperty("failure_free_tokens_per_second") double failureFree,
    @JsonProperty("kept") double kept) {

  static Comparison of(ChainRun.Result run, ChainRun.Result failureFree) {
    double rate = run.tokensPerSecond();
    double best = failureFree.tokensPerSecond();
    return new Comparison(run.failovers().size(), rate, best, rate / best);
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%.2f tokens a second with %d kills, %.2f without: %.0f %% kept",
        tokensPerSecond,
        kills,
        failureFree,
        100 * kept);
  }
}
