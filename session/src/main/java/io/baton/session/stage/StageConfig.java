package io.baton.session.stage;

import io.baton.session.model.Digest;
import io.baton.session.model.StageInfo;

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
