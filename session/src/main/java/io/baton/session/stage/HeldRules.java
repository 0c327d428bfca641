package io.baton.session.stage;

import io.baton.session.model.StageRole;

/**
 * The bound on what all sessions of a relay make it keep, by their {@link Footprint}s. What clients
 * bring may fill all of it; pushes, without which a session goes on as well, a part of it, and
 * those for standbys half of that.
 *
 * <p>An input for which there is no room is given to its session as {@link StageInput.NoRoom}.
 *
 * @param capacity in bytes
 * @param pushShare of it that may be full when a push is taken, from 0 to 1
 */
public record HeldRules(long capacity, double pushShare) {

  /**
   * What an input takes.
   *
   * @param bytes to be set aside before it is handled; afterwards it is seen what of it is needed
   * @param upTo what all sessions may hold with it
   */
  public record Need(long bytes, long upTo) {

    /** Whether there is room beside what all sessions hold. */
    public boolean fits(long held) {
      return bytes == 0 || held + bytes <= upTo;
    }
  }

  /** What that takes in that session. */
  public Need need(StageState state, StageInput input) {
    long upTo =
        input instanceof StageInput.PeerPush
            ? (long) (capacity * (state.role() == StageRole.STANDBY ? pushShare / 2 : pushShare))
            : capacity;
    return new Need(Footprint.most(state.config(), input), upTo);
  }
}
