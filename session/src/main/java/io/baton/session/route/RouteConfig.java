package io.baton.session.route;

import io.baton.session.model.TensorSpec;

/**
 * How a client runs its session.
 *
 * @param layers of the whole model; the route covers {@code [0, layers)}
 * @param inputRow type and shape of one token's activations at the route's entrance
 * @param maxLength the most tokens that the session may hold
 * @param push whether steps name next peers
 * @param confirm what the client sends to a stage that a peer pushes to
 * @param patience when to send again, and when to give up
 * @param window steps under way at one stage
 * @param mergeTokens replayed steps are merged up to this many tokens; with 1 they keep the
 *     boundaries they had, so that an executor whose results depend on the number of rows gives the
 *     same bits again
 * @param mismatchLimit mismatches between two relays after which one no longer pushes to the other
 * @param standby whether another relay, where there is one, stands by for each stage
 */
public record RouteConfig(
    int layers,
    TensorSpec inputRow,
    int maxLength,
    boolean push,
    Confirm confirm,
    Patience patience,
    int window,
    int mergeTokens,
    int mismatchLimit,
    boolean standby) {

  /** What the client sends to confirm a push. */
  public enum Confirm {
    /** The digest; the payload only if the stage asks for it. */
    DIGEST,
    /** The payload, always. */
    FULL
  }

  /**
   * Timeouts and retries.
   *
   * @param openNanos for the answer to an opening
   * @param stepNanos of silence of a stage that owes the answer to a step, besides the time that
   *     its bytes may take; each word that it works on it begins this anew
   * @param stallNanos how long a stage may say that it works and not get on by a row
   * @param longestNanos for one step, however it gets on; less than relays keep a session without a
   *     step, for that is what the other stages see meanwhile
   * @param attempts sendings of one message before its relay counts as failed
   * @param failures of relays, without a step accepted between them, before the session goes on
   *     only with relays that have not failed, and gives up if there are none
   * @param searchNanos how long a route is looked for while there is none
   * @param silenceNanos the same while a relay that has been asked what it serves does not answer
   * @param backoffNanos before the second try to find a route; doubles up to {@code
   *     maxBackoffNanos}
   * @param banNanos how long a failed relay is left alone; doubles with each failure up to {@code
   *     maxBanNanos}
   */
  public record Patience(
      long openNanos,
      long stepNanos,
      long stallNanos,
      long longestNanos,
      int attempts,
      int failures,
      long searchNanos,
      long silenceNanos,
      long backoffNanos,
      long maxBackoffNanos,
      long banNanos,
      long maxBanNanos) {

    private static final long MILLISECOND = 1_000_000L;

    public static final Patience DEFAULT =
        new Patience(
            5_000 * MILLISECOND,
            5_000 * MILLISECOND,
            120_000 * MILLISECOND,
            540_000 * MILLISECOND,
            2,
            8,
            10_000 * MILLISECOND,
            20_000 * MILLISECOND,
            100 * MILLISECOND,
            2_000 * MILLISECOND,
            1_000 * MILLISECOND,
            60_000 * MILLISECOND);

    public Patience withFailures(int failures) {
      return with(stepNanos, stallNanos, longestNanos, failures, searchNanos, silenceNanos);
    }

    /**
     * The same with another bound on the answer to a step.
     *
     * @param silence of a stage that owes it
     */
    public Patience withStep(long silence) {
      return with(silence, stallNanos, longestNanos, failures, searchNanos, silenceNanos);
    }

    /**
     * The same with other bounds on what a stage is believed that says that it works.
     *
     * @param stall without getting on
     * @param longest in all
     */
    public Patience withBelief(long stall, long longest) {
      return with(stepNanos, stall, longest, failures, searchNanos, silenceNanos);
    }

    /**
     * The same with another bound on searches.
     *
     * @param nanos how long a route is looked for while there is none
     * @param silence the same while a relay that has been asked what it serves does not answer
     */
    public Patience withSearch(long nanos, long silence) {
      return with(stepNanos, stallNanos, longestNanos, failures, nanos, silence);
    }

    private Patience with(
        long step, long stall, long longest, int failing, long search, long silent) {
      return new Patience(
          openNanos,
          step,
          stall,
          longest,
          attempts,
          failing,
          search,
          silent,
          backoffNanos,
          maxBackoffNanos,
          banNanos,
          maxBanNanos);
    }
  }

  /** Pushes, confirms by digest, and replays steps as they were. */
  public static RouteConfig of(int layers, TensorSpec inputRow, int maxLength) {
    return new RouteConfig(
        layers, inputRow, maxLength, true, Confirm.DIGEST, Patience.DEFAULT, 32, 1, 3, false);
  }

  public RouteConfig withPush(boolean push) {
    return new RouteConfig(
        layers,
        inputRow,
        maxLength,
        push,
        confirm,
        patience,
        window,
        mergeTokens,
        mismatchLimit,
        standby);
  }

  public RouteConfig withConfirm(Confirm confirm) {
    return new RouteConfig(
        layers,
        inputRow,
        maxLength,
        push,
        confirm,
        patience,
        window,
        mergeTokens,
        mismatchLimit,
        standby);
  }

  public RouteConfig withPatience(Patience patience) {
    return new RouteConfig(
        layers,
        inputRow,
        maxLength,
        push,
        confirm,
        patience,
        window,
        mergeTokens,
        mismatchLimit,
        standby);
  }

  public RouteConfig withMergeTokens(int mergeTokens) {
    return new RouteConfig(
        layers,
        inputRow,
        maxLength,
        push,
        confirm,
        patience,
        window,
        mergeTokens,
        mismatchLimit,
        standby);
  }

  public RouteConfig withWindow(int window) {
    return new RouteConfig(
        layers,
        inputRow,
        maxLength,
        push,
        confirm,
        patience,
        window,
        mergeTokens,
        mismatchLimit,
        standby);
  }

  public RouteConfig withStandby(boolean standby) {
    return new RouteConfig(
        layers,
        inputRow,
        maxLength,
        push,
        confirm,
        patience,
        window,
        mergeTokens,
        mismatchLimit,
        standby);
  }
}
