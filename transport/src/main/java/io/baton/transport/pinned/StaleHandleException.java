package io.baton.transport.pinned;

/**
 * A handle names no slot that is there now: the slot was freed, or the handle is another pool's or
 * was never any. Whoever sent it has to send the bytes again; asking again does not help.
 */
public final class StaleHandleException extends Exception {

  private static final long serialVersionUID = 1L;

  StaleHandleException(SlotHandle handle, String why) {
    super("the handle " + handle + " is stale: " + why);
  }
}
