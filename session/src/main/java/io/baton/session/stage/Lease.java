package io.baton.session.stage;

/**
 * How long a stage keeps a session: for a while after each word of its client, and for another,
 * longer one after each step, so that words alone do not keep it for good. A step that is being
 * computed is not over.
 *
 * @param lastWordNanos when the client was heard of
 * @param lastStepNanos when it sent a step or opened the session, or the executor was at its step
 */
public record Lease(long leaseNanos, long idleNanos, long lastWordNanos, long lastStepNanos) {

  /** Of a session that is opened now. */
  public static Lease begin(long leaseNanos, long idleNanos, long nowNanos) {
    return new Lease(leaseNanos, idleNanos, nowNanos, nowNanos);
  }

  /** The client says something. */
  public Lease heard(long nowNanos) {
    return new Lease(leaseNanos, idleNanos, nowNanos, lastStepNanos);
  }

  /** The client sends a step. */
  public Lease stepped(long nowNanos) {
    return new Lease(leaseNanos, idleNanos, nowNanos, nowNanos);
  }

  /** The executor is at a step of the session, or done with it. */
  public Lease worked(long nowNanos) {
    return new Lease(leaseNanos, idleNanos, lastWordNanos, nowNanos);
  }

  public long endNanos() {
    return isIdleFirst() ? lastStepNanos + idleNanos : lastWordNanos + leaseNanos;
  }

  public boolean isOver(long nowNanos) {
    return nowNanos - endNanos() >= 0;
  }

  /** Whether it ends for want of steps, though the client may be heard of. */
  public boolean isIdleFirst() {
    return lastStepNanos + idleNanos - (lastWordNanos + leaseNanos) < 0;
  }
}
