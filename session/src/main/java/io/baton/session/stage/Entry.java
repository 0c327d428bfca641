package io.baton.session.stage;

import io.baton.session.model.Digest;
import io.baton.session.model.Payload;
import io.baton.session.model.Peer;
import io.baton.session.model.RelayId;
import io.baton.session.model.Source;
import io.baton.session.model.Step;
import java.util.List;
import java.util.Optional;

/**
 * A step at a stage.
 *
 * @param input digest of the input that is, will be or was computed
 * @param peer the relay that the input came from; empty if the client brought it
 * @param confirmed whether the client has vouched for {@code input}
 * @param nextPeers where the output goes
 * @param arrivedNanos when the payload came; until then, when the step was first heard of
 */
record Entry(
    Step step,
    Digest input,
    Optional<RelayId> peer,
    boolean confirmed,
    List<Peer> nextPeers,
    long arrivedNanos,
    Progress progress) {

  Source source() {
    return peer.isPresent() ? Source.PEER : Source.CLIENT;
  }

  boolean in(long epoch) {
    return step.id().epoch() == epoch;
  }

  /** Whether this covers the same tokens as {@code other}. */
  boolean covers(Step other) {
    return step.position() == other.position() && step.count() == other.count();
  }

  /** Whether this is the same input for the same tokens as {@code other}. */
  boolean isSameInput(Entry other) {
    return covers(other.step) && input.equals(other.input);
  }

  boolean isDone() {
    return progress instanceof Progress.Done;
  }

  /** Whether the executor holds these tokens, or is about to. */
  boolean isInExecutor() {
    return isDone() || progress instanceof Progress.Computing;
  }

  Entry with(Progress next) {
    return new Entry(step, input, peer, confirmed, nextPeers, arrivedNanos, next);
  }

  Entry with(boolean nowConfirmed) {
    return new Entry(step, input, peer, nowConfirmed, nextPeers, arrivedNanos, progress);
  }

  /** The payload of a step that waited for it has come. */
  Entry arrived(Optional<RelayId> from, Payload payload, long now) {
    return new Entry(step, input, from, confirmed, nextPeers, now, new Progress.Ready(payload));
  }

  /**
   * This computation in the name of another arrival of the same input. Where the input came from
   * stays as it was, unless a peer vouches for it now and nobody else does: the peer that is to be
   * blamed if the client disagrees.
   */
  Entry claimedBy(Entry claim) {
    return new Entry(
        claim.step,
        input,
        claim.confirmed ? peer : claim.peer,
        claim.confirmed,
        claim.nextPeers,
        arrivedNanos,
        progress);
  }
}
