package io.baton.transport.lane;

import io.baton.session.model.Push;
import io.baton.session.model.RelayId;

/**
 * Takes what arrives. Called on the threads of the lane, by several at once, but by one at a time
 * for each stream, in the order in which the pushes were sent. Must be short: while it runs nothing
 * more is read from that stream, and the sender sheds.
 */
public interface PushReceiver {

  /**
   * A push whose payload has the digest that was announced.
   *
   * @param from who the sender says it is; only the transport's credentials can prove it
   */
  void onPush(RelayId from, Push push);

  /**
   * Something was dropped; to be counted.
   *
   * @param detail for a person
   */
  void onDropped(DropReason reason, String detail);
}
