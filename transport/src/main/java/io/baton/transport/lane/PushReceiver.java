package io.baton.transport.lane;

import io.baton.proto.codec.AnnouncedPayload;
import io.baton.proto.codec.PushHead;
import io.baton.session.model.Push;
import io.baton.session.model.RelayId;
import io.baton.transport.Share;
import java.util.Optional;

/**
 * Takes what arrives. Called on the threads of the lane, by several at once, but by one at a time
 * for each stream, in the order in which the pushes were sent. Must be short: while it runs nothing
 * more is read from that stream, and the sender sheds.
 */
public interface PushReceiver {

  /**
   * Asked before a push's payload costs anything.
   *
   * @param from who the sender says it is
   * @param head the push, whose ticket nobody has looked at yet
   * @param payload as announced
   * @return the share of the room that may be used for it, less if it is for a standby; empty if it
   *     is of no use, which the receiver has counted then
   */
  Optional<Share> wants(RelayId from, PushHead head, AnnouncedPayload payload);

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
