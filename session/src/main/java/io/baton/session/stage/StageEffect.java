package io.baton.session.stage;

import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.Peer;
import io.baton.session.model.Refusal;
import io.baton.session.model.RelayId;
import io.baton.session.model.Source;
import io.baton.session.model.StageRole;
import io.baton.session.model.Step;
import io.baton.session.model.StepId;
import java.util.List;

/** What a stage wants done. */
public sealed interface StageEffect {

  /** Tell the client that the epoch holds, and how many confirmed tokens the stage has. */
  record Opened(long epoch, int currentLength) implements StageEffect {}

  /** Make the executor forget the tokens from {@code length} on. */
  record Rollback(int length) implements StageEffect {}

  /**
   * Run the executor; answer with {@link StageInput.Computed} or {@link StageInput.ComputeFailed}.
   */
  record Compute(long command, Step step, Payload input) implements StageEffect {}

  /**
   * Push an output to a peer.
   *
   * @param nextPeers the route after the receiver, which it is handed with the output
   * @param role the part that the receiver takes; what goes to a standby is the first to be shed
   */
  record PushOutput(Step step, Peer to, List<Peer> nextPeers, Payload output, StageRole role)
      implements StageEffect {}

  /**
   * Give the client its answer.
   *
   * @param source where the input came from that was computed
   * @param currentLength tokens that the stage holds
   * @param stageNanos from the input's arrival to the output
   * @param computeNanos the part of it spent in the executor
   */
  record Respond(
      Step step,
      Source source,
      Digest inputDigest,
      Payload output,
      int currentLength,
      long stageNanos,
      long computeNanos)
      implements StageEffect {}

  /**
   * Tell the client that the stage, which stands by, has computed a step and keeps the output.
   *
   * @param source where the input came from that was computed
   * @param currentLength tokens that the stage holds
   */
  record Absorbed(Step step, Source source, Digest inputDigest, int currentLength)
      implements StageEffect {}

  /**
   * Tell the client that a step which it waits for is being worked on.
   *
   * @param workLeft to be computed until it is done, those of what comes before it included
   */
  record Working(StepId step, long workLeft) implements StageEffect {}

  /** Ask the client for the payload of a step that it has confirmed by digest. */
  record AskPayload(StepId step) implements StageEffect {}

  /**
   * Report that a peer's bytes were not the client's; keep both digests as evidence.
   *
   * @param rolledBack whether the stage had computed the peer's, answered and pushed what came of
   *     it: the client has to raise the epoch
   */
  record ReportMismatch(
      StepId step, Digest client, Digest peer, RelayId from, boolean rolledBack, int currentLength)
      implements StageEffect {}

  /** Tell the client that its message changed nothing, and why. */
  record Refuse(StepId step, Refusal reason, String message, int currentLength)
      implements StageEffect {}

  /** Count a push that was not used. */
  record Dropped(RelayId from, StepId step, DropReason reason) implements StageEffect {}
}
