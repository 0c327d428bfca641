package io.baton.transport.peer;

/**
 * Takes what peers offer. Called on the links' threads, of one {@link Inbound} by several at once
 * where frames come beside its stream; must not block, and may answer at once or later.
 */
public interface OfferReceiver {

  /** The same chunk may be offered again on another connection, if its sender heard no answer. */
  void onOffer(Inbound from, Offer offer);

  void onClosing(Inbound from, Closing closing);

  /** The sender has given up on what it offered; the answer no longer matters. */
  void onWithdraw(Inbound from, long transfer);

  /** The body has been written into the slot that was granted. */
  void onBody(Inbound from, long transfer);

  /**
   * The connection is no more, and with it what was granted; what was shared must not be read any
   * longer than the sender will wait.
   */
  void onLost(Inbound from, String why);
}
