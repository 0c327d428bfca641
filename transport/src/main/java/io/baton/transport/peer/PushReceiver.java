package io.baton.transport.peer;

import io.baton.proto.codec.PushHead;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.transport.Share;
import java.util.Optional;

/**
 * Takes the pushes that arrive. Called on the threads of the links, by several at once. Must be
 * short: while it runs, little more is read from that peer, and the sender sheds.
 */
public interface PushReceiver {

  /**
   * Asked before a push's payload costs anything.
   *
   * @param from who the sender says it is
   * @param head the push, whose ticket nobody has looked at yet
   * @return the share of the room that may be used for it, less if it is for a standby; empty if it
   *     is of no use, which the receiver has counted then
   */
  Optional<Share> wants(RelayId from, PushHead head);

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
