package io.baton.transport.ucx;

import java.util.Locale;
import org.openucx.jucx.ucs.UcsConstants.STATUS;

/** UCX's numbers for failures in the engine's words. */
final class Statuses {

  private Statuses() {}

  /** Of one operation. */
  static UcxFailure failure(int status, String text) {
    return new UcxFailure(kind(status), words(text));
  }

  /** Of an endpoint: whatever it was, the way to the peer is gone. */
  static UcxFailure lost(int status, String text) {
    boolean neverThere = status == STATUS.UCS_ERR_UNREACHABLE;
    return new UcxFailure(
        neverThere ? UcxFailure.Kind.UNREACHABLE : UcxFailure.Kind.PEER_LOST, words(text));
  }

  private static String words(String text) {
    return "UCX says " + text.toLowerCase(Locale.ROOT);
  }

  private static UcxFailure.Kind kind(int status) {
    if (status == STATUS.UCS_ERR_CANCELED) {
      return UcxFailure.Kind.CLOSED;
    }
    if (status == STATUS.UCS_ERR_UNREACHABLE) {
      return UcxFailure.Kind.UNREACHABLE;
    }
    if (status == STATUS.UCS_ERR_ENDPOINT_TIMEOUT
        || status == STATUS.UCS_ERR_CONNECTION_RESET
        || status == STATUS.UCS_ERR_NOT_CONNECTED
        || status == STATUS.UCS_ERR_TIMED_OUT) {
      return UcxFailure.Kind.PEER_LOST;
    }
    return UcxFailure.Kind.TRANSPORT;
  }
}
