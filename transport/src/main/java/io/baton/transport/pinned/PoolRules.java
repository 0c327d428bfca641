package io.baton.transport.pinned;

import io.baton.session.FairShare;

/**
 * Who may take how much of a pool. All amounts are reserved bytes, and history counts as free,
 * because it is let go as soon as somebody wants its room.
 *
 * <p>Pushes together fill at most their share. One holder has at most {@code holderFactor} times
 * what it leaves free: its {@link FairShare}. A holder that has nothing may take what there is, so
 * that a tensor of almost the pool's size is possible.
 */
public record PoolRules(double pushShare, double holderFactor) {

  /**
   * What is held while somebody asks.
   *
   * @param capacity of the pool
   * @param held by everybody
   * @param pushes part of it that is for pushes
   * @param own part of it that whoever asks has already
   */
  public record Held(long capacity, long held, long pushes, long own) {}

  /** Whether that many bytes more may be taken. */
  public Admission judge(PoolUse use, long bytes, Held now) {
    if (bytes > now.capacity()) {
      return Admission.TOO_LARGE;
    }
    if (use == PoolUse.HISTORY) {
      return Admission.ADMITTED;
    }
    if (use == PoolUse.PUSH && now.pushes() + bytes > pushShare * now.capacity()) {
      return Admission.PUSH_SHARE_FULL;
    }
    long free = now.capacity() - now.held() - bytes;
    if (free < 0) {
      return Admission.NO_ROOM;
    }
    if (!new FairShare(holderFactor).admits(now.own(), bytes, free)) {
      return Admission.HOLDER_SHARE_FULL;
    }
    return Admission.ADMITTED;
  }
}
