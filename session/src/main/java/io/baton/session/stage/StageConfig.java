package io.baton.session.stage;

import io.baton.session.model.Digest;
import io.baton.session.model.Refusal;
import io.baton.session.model.StageInfo;
import io.baton.session.model.Step;
import io.baton.session.model.TensorSpec;
import java.util.Map;
import java.util.Optional;

/**
 * What a stage holds a session to.
 *
 * @param stage what the executor computes
 * @param maxLength the most tokens that the session may hold
 * @param algorithm the algorithm of the session's digests
 * @param limits the bounds on what the session may make the stage keep
 */
public record StageConfig(
    StageInfo stage, int maxLength, Digest.Algorithm algorithm, Limits limits) {

  /** Of the side inputs of one step, in all. */
  public static final long MAX_SIDE_BYTES = 4 << 20;

  /** Why a step cannot be taken, whatever the session has come to. */
  public record Objection(Refusal reason, String message) {}

  /** What there is against a step of that length. */
  public Optional<Objection> objectionTo(Step step) {
    return step.end() <= maxLength
        ? Optional.empty()
        : Optional.of(
            new Objection(
                Refusal.TOO_LONG,
                "step %s ends at %d, and the session holds at most %d tokens"
                    .formatted(step.id(), step.end(), maxLength)));
  }

  /** What there is against a step with a payload of these types and shapes. */
  public Optional<Objection> objectionTo(
      Step step, TensorSpec activations, Map<String, TensorSpec> sideInputs) {
    return objectionTo(step)
        .or(
            () ->
                wrongWith(step, activations, sideInputs)
                    .map(what -> new Objection(Refusal.BAD_TENSOR, what)));
  }

  private Optional<String> wrongWith(
      Step step, TensorSpec activations, Map<String, TensorSpec> sideInputs) {
    TensorSpec expected = stage.inputRow().withRows(step.count());
    if (!activations.equals(expected)) {
      return Optional.of(
          "step %s takes activations of %s, not %s".formatted(step.id(), expected, activations));
    }
    long sideBytes = 0;
    for (Map.Entry<String, TensorSpec> side : sideInputs.entrySet()) {
      if (!stage.sideInputs().contains(side.getKey())) {
        return Optional.of("this stage knows no side input named '%s'".formatted(side.getKey()));
      }
      sideBytes += side.getValue().bytes();
      if (sideBytes > MAX_SIDE_BYTES) {
        return Optional.of(
            "the side inputs of step %s have more than %d bytes"
                .formatted(step.id(), MAX_SIDE_BYTES));
      }
    }
    return Optional.empty();
  }

  /**
   * Bounds of one session at one stage.
   *
   * @param speculation steps that a peer may be ahead of the client's confirmation
   * @param parked pushes kept that came too early to be used
   * @param parkedBytes bytes of payload in these pushes
   * @param waiting steps of the client that are not yet settled
   * @param recorded settled steps whose answer is kept, to be given again
   * @param graceNanos how long to wait for a push that the client has confirmed, before asking the
   *     client for the payload
   */
  public record Limits(
      int speculation, int parked, long parkedBytes, int waiting, int recorded, long graceNanos) {

    public static final Limits DEFAULT = new Limits(8, 16, 64L << 20, 256, 4, 250_000_000L);
  }
}
