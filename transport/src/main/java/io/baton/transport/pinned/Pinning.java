package io.baton.transport.pinned;

/** Whether the pool's pages stay in memory whatever happens. */
public sealed interface Pinning {

  /** They do. */
  record Locked() implements Pinning {}

  /**
   * The system may swap them out; everything works, only slower under pressure.
   *
   * @param reason one sentence, which says what would change it
   */
  record NotLocked(String reason) implements Pinning {}
}
