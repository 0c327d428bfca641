package io.baton.transport.ucx;

/**
 * Why something that was begun did not end well.
 *
 * @param detail for a person
 */
public record UcxFailure(Kind kind, String detail) {

  /** What it means to whoever is told. */
  public enum Kind {
    /** The peer's process or the way to it is gone; another connection may succeed. */
    PEER_LOST,
    /** There is no way from here to there over the transports that both sides have. */
    UNREACHABLE,
    /** The connection was closed before it was done. */
    CLOSED,
    /** UCX refused or failed; trying again may help. */
    TRANSPORT,
    /** The whole engine has ended; only a new engine helps. */
    ENGINE_ENDED
  }

  @Override
  public String toString() {
    return kind + ": " + detail;
  }
}
