package io.baton.transport.lane;

import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.session.model.SessionId;
import io.baton.session.model.StageRole;

/**
 * Takes what arrives. Called on the threads of the lane, by several at once, but by one at a time
 * for each stream, in the order in which the pushes were sent. Must be short: while it runs nothing
 * more is read from that stream, and the sender sheds.
 */
public interface PushReceiver {

  /**
   * The part that the receiving stage takes in a session; asked before room is made for a payload,
   * of which what is for a standby gets less.
   */
  StageRole role(SessionId session);

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
