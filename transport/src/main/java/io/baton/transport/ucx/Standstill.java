package io.baton.transport.ucx;

/**
 * Finds out that a peer which died while it wrote into UCX's shared memory has left it locked. UCX
 * reads what its peers write there in the order in which they took their places, so nothing behind
 * an unfinished message is ever read, and from when there is something behind it, the worker cannot
 * be armed. For the progress thread.
 */
final class Standstill {

  static final long LIMIT_NANOS = 1_000_000_000;

  private boolean suspected;
  private boolean paused;
  private long sinceNanos;
  private long delivered;

  /** A peer was lost, and may have been writing. It may be long until that matters. */
  void suspect() {
    suspected = true;
  }

  /** The worker could be armed. */
  void slept() {
    paused = false;
  }

  /**
   * The worker could not be armed, and has nothing to do.
   *
   * @param deliveredNow how many messages have come and gone since the beginning
   * @return whether it stands still for good
   */
  boolean paused(long deliveredNow, long nowNanos) {
    if (!paused || deliveredNow != delivered) {
      paused = true;
      sinceNanos = nowNanos;
      delivered = deliveredNow;
    }
    return suspected && nowNanos - sinceNanos >= LIMIT_NANOS;
  }
}
