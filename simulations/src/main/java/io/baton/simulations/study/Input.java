package io.baton.simulations.study;

import java.util.Arrays;
import java.util.Optional;

/**
 * What can be said about a study, by an option of this name or in a file under this name. The
 * defaults of all that is measured are those of {@link Calibration}.
 */
public enum Input {
  STAGES("stages", "N", "4", "Stages of the chain."),
  TOKENS("tokens", "N", "1024", "Tokens that a session generates, one a step."),
  PROMPT_TOKENS("prompt-tokens", "N", "1", "Tokens that the first step computes."),
  FAILURE_RATE(
      "failure-rate",
      "P[,P...]",
      "1e-4,1e-3,1e-2",
      "Probability that a transfer of activations kills its receiver; a chain without failures is always studied too."),
  STRIKE_COPIES(
      "strike-copies",
      "yes|no",
      "no",
      "Whether the copy of each step that a standby is sent can kill it, too."),
  STRATEGY(
      "strategy",
      "S[,S...]",
      "all",
      "restart, no-cache, client-replay, push-replay, push-standby, or all."),
  REPEATS("repeats", "N", "50", "Sessions simulated for each strategy and failure rate."),
  SEED("seed", "N", "1", "The same seed gives the same figures."),
  STAGE_TIME(
      "stage-time",
      "TIME[,TIME...]",
      "2.19ms",
      "Computing time of a token at a stage, or at each."),
  CACHED_TOKEN_TIME(
      "cached-token-time", "TIME", "3.4us", "What each token in the cache adds to that."),
  PREFILL_START(
      "prefill-start", "TIME", "30.7ms", "What many tokens computed at once cost beforehand."),
  PREFILL_SPEED(
      "prefill-speed", "N", "2610", "Tokens a second that a stage computes at once, as a prompt."),
  ROUND_TRIP(
      "round-trip",
      "TIME|MATRIX|FILE",
      "19.4ms",
      "Round-trip time between any two parties; or a row of times for the client and one for each stage, as in '0,9ms,9ms;9ms,0,2ms;9ms,2ms,0'; or a file with these rows as lines, plain numbers being milliseconds."),
  BANDWIDTH("bandwidth", "RATE", "1Gbit/s", "What a connection carries in one direction."),
  ACTIVATION_BYTES(
      "activation-bytes", "SIZE", "8KiB", "Activations of a token between two stages."),
  REPLACEMENT(
      "replacement", "TIME", "2s", "From a machine's death until another can be had for it."),
  MERGE_TOKENS("merge-tokens", "N", "256", "Tokens that a replay carries in one step, at most."),
  CAP("cap", "TIME", "1h", "Virtual time after which a session has not finished.");

  private final String id;
  private final String form;
  private final String standard;
  private final String description;

  Input(String id, String form, String standard, String description) {
    this.id = id;
    this.form = form;
    this.standard = standard;
    this.description = description;
  }

  /** The key in a file; an option has two dashes before it. */
  public String id() {
    return id;
  }

  /** What it takes, for a person. */
  public String form() {
    return form;
  }

  /** What it is if nothing is said. */
  public String standard() {
    return standard;
  }

  public String description() {
    return description;
  }

  public static Optional<Input> of(String id) {
    return Arrays.stream(values()).filter(input -> input.id.equals(id)).findFirst();
  }
}
