package io.baton.session.exchange;

/** Where a chunk stands, as far as its memory is concerned. */
public enum Standing {
  /** Nobody holds it, and a member has not got it yet: it is kept, for a time. */
  UNCLAIMED,
  /** A reader holds it: it stays. */
  IN_USE,
  /**
   * Every member is done with it: it is kept for as long as there is room, for whoever asks again.
   */
  DONE
}
